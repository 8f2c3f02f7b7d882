using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An inbox whose repositories connect in another way than its owner, who still does by hand what no repository does.</summary>
/// <param name="owner">The inbox. It is disposed with this.</param>
/// <param name="createRepository">Another process on the same records.</param>
/// <param name="connections">What the repositories connect by. It is disposed with this. Null: it is the schema's.</param>
internal sealed class InboxThrough(InboxHarness owner, Func<IInboxRepository> createRepository, IAsyncDisposable? connections) : InboxHarness
{
    public override IInboxRepository Repository { get; } = createRepository();

    public override DateTimeOffset Now => owner.Now;

    public override IOutboxRepository Outbox => owner.Outbox;

    public override IInboxRepository CreateRepository() => createRepository();

    public override Task PassAsync(TimeSpan time) => owner.PassAsync(time);

    public override Task WriteAsync(RawRecord record) => owner.WriteAsync(record);

    public override Task DeleteAsync(string consumer, string eventId) => owner.DeleteAsync(consumer, eventId);

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) => owner.ReadAsync(consumer, eventId);

    public override void EnlistEffect(IMessageTransaction transaction, string name) => owner.EnlistEffect(transaction, name);

    public override void EnlistImpossible(IMessageTransaction transaction, string name) => owner.EnlistImpossible(transaction, name);

    public override Task<int> EffectsAsync(string name) => owner.EffectsAsync(name);

    public override async ValueTask DisposeAsync()
    {
        await (connections?.DisposeAsync() ?? ValueTask.CompletedTask);
        await owner.DisposeAsync();
    }
}
