using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;
using Relaybox.Timing;

namespace Relaybox.Simulation.Tests.Model;

/// <summary>The inbox on the model of MongoDB; what is done by hand is done as with the other models.</summary>
internal sealed class MongoInboxHarness : InboxHarness
{
    private readonly DirectServer _wire = new();
    private readonly InboxTable _table = new(new OutboxTable(keepsOrder: true));
    private readonly MongoServer _server;
    private readonly ModelInboxHarness _byHand;

    internal MongoInboxHarness()
    {
        _byHand = new ModelInboxHarness(_table, oneByOne: false, _wire);
        _server = new MongoServer(_table.Outbox, _table, () => _wire.Now);
        Outbox = new MongoOutbox(new MongoClient(_server, _wire), SystemEntropy.Instance);
        Repository = CreateRepository();
    }

    public override IInboxRepository Repository { get; }

    public override DateTimeOffset Now => _wire.Now;

    public override IOutboxRepository Outbox { get; }

    public override IInboxRepository CreateRepository() => new MongoInbox(new MongoClient(_server, _wire), SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time)
    {
        _wire.Pass(time);
        return Task.CompletedTask;
    }

    public override async Task WriteAsync(RawRecord record)
    {
        await _byHand.WriteAsync(record);
        await NoteAsync(record.Consumer, record.EventId);
    }

    public override async Task DeleteAsync(string consumer, string eventId)
    {
        await _byHand.DeleteAsync(consumer, eventId);
        await NoteAsync(consumer, eventId);
    }

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) => _byHand.ReadAsync(consumer, eventId);

    public override void EnlistEffect(IMessageTransaction transaction, string name) => _byHand.EnlistEffect(transaction, name);

    public override void EnlistImpossible(IMessageTransaction transaction, string name) => _byHand.EnlistImpossible(transaction, name);

    public override Task<int> EffectsAsync(string name) => _byHand.EffectsAsync(name);

    private Task NoteAsync(string consumer, string eventId) => _wire.CallAsync(
        "note",
        () =>
        {
            _server.Note(DocumentId.Record(new InboxKey(consumer, eventId)));
            return true;
        },
        default);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
