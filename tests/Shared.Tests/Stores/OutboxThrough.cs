using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox whose repositories connect in another way than its owner, who still does by hand what no repository does.</summary>
/// <param name="owner">The outbox. It is disposed with this.</param>
/// <param name="createRepository">Another process on the same rows.</param>
/// <param name="connections">What the repositories connect by. It is disposed with this. Null: it is the schema's.</param>
internal sealed class OutboxThrough(OutboxHarness owner, Func<IOutboxRepository> createRepository, IAsyncDisposable? connections)
    : OutboxHarness
{
    public OutboxHarness Owner => owner;

    public override IOutboxRepository Repository { get; } = createRepository();

    public override IOutboxOperations Operations => owner.Operations;

    public override bool KeepsNul => owner.KeepsNul;

    public override bool KeepsSentRows => owner.KeepsSentRows;

    public override DateTimeOffset Now => owner.Now;

    public override IOutboxRepository CreateRepository() => createRepository();

    public override Task PassAsync(TimeSpan time) => owner.PassAsync(time);

    public override Task WriteAsync(RawRow row) => owner.WriteAsync(row);

    public override Task DeleteAsync(string eventId) => owner.DeleteAsync(eventId);

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId) => owner.ReadAsync(eventId);

    public override async ValueTask DisposeAsync()
    {
        await (connections?.DisposeAsync() ?? ValueTask.CompletedTask);
        await owner.DisposeAsync();
    }
}
