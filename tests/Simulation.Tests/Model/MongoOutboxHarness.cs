using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;
using Relaybox.Timing;

namespace Relaybox.Simulation.Tests.Model;

/// <summary>The outbox on the model of MongoDB; what is done by hand is done as with the other models.</summary>
internal sealed class MongoOutboxHarness : OutboxHarness
{
    private readonly DirectServer _wire = new();
    private readonly ModelOutboxHarness _byHand;

    internal MongoOutboxHarness()
    {
        _byHand = new ModelOutboxHarness(Table, _wire);
        Server = new MongoServer(Table, new InboxTable(Table), () => _wire.Now);
    }

    internal OutboxTable Table { get; } = new(keepsOrder: true);

    internal MongoServer Server { get; }

    public override IOutboxRepository Repository => field ??= CreateRepository();

    public override IOutboxOperations Operations => new SkippingOperations(async eventId =>
    {
        var skipped = Table.Skip(eventId, Now);
        await NoteAsync(eventId);
        return skipped;
    });

    public override DateTimeOffset Now => _wire.Now;

    public override IOutboxRepository CreateRepository() => new MongoOutbox(new MongoClient(Server, _wire), SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time)
    {
        _wire.Pass(time);
        return Task.CompletedTask;
    }

    public override async Task WriteAsync(RawRow row)
    {
        await _byHand.WriteAsync(row);
        await NoteAsync(row.EventId);
    }

    public override async Task DeleteAsync(string eventId)
    {
        await _byHand.DeleteAsync(eventId);
        await NoteAsync(eventId);
    }

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId) => _byHand.ReadAsync(eventId);

    /// <summary>Lets the server know that a row was changed by hand.</summary>
    internal Task NoteAsync(string eventId) => _wire.CallAsync(
        "note",
        () =>
        {
            Server.Note(DocumentId.Row(eventId));
            return true;
        },
        default);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
