using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;
using Relaybox.Timing;

namespace Relaybox.Simulation.Tests.Model;

internal sealed class ModelInboxHarness : InboxHarness
{
    private readonly DirectServer _server;
    private readonly InboxTable _table;
    private readonly bool _oneByOne;

    internal ModelInboxHarness(InboxTable table, bool oneByOne, DirectServer? server = null)
    {
        (_table, _oneByOne, _server) = (table, oneByOne, server ?? new DirectServer());
        Outbox = new ModelOutbox(table.Outbox, _server, SystemEntropy.Instance);
        Repository = CreateRepository();
    }

    public override IInboxRepository Repository { get; }

    public override DateTimeOffset Now => _server.Now;

    public override IOutboxRepository Outbox { get; }

    public override IInboxRepository CreateRepository() => new ModelInbox(_table, _server, SystemEntropy.Instance, _oneByOne);

    public override Task PassAsync(TimeSpan time)
    {
        _server.Pass(time);
        return Task.CompletedTask;
    }

    public override Task WriteAsync(RawRecord record) => _server.CallAsync(
        "write",
        () =>
        {
            _table.Put(new RecordState(new InboxKey(record.Consumer, record.EventId))
            {
                Status = record.Status,
                Deliveries = record.Deliveries ?? 0,
                Token = record.Token,
                ReceivedAt = record.ReceivedAt,
                LeaseUntil = record.LeaseUntil,
                ProcessedAt = record.ProcessedAt,
                FailedAt = record.FailedAt,
                ErrorMessage = record.ErrorMessage,
            });
            return true;
        },
        default);

    public override Task DeleteAsync(string consumer, string eventId) =>
        _server.CallAsync("delete", () => _table.Remove(new InboxKey(consumer, eventId)), default);

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) =>
        _server.CallAsync<IReadOnlyDictionary<string, string>?>(
            "read",
            () => _table.Find(new InboxKey(consumer, eventId)) is { } record ? new Dictionary<string, string> { ["record"] = $"{record}" } : null,
            default);

    public override void EnlistEffect(IMessageTransaction transaction, string name) => ((IModelTransaction)transaction).Enlist(name);

    public override void EnlistImpossible(IMessageTransaction transaction, string name) => ((IModelTransaction)transaction).EnlistImpossible();

    public override Task<int> EffectsAsync(string name) => _server.CallAsync("effects", () => _table.Effects.GetValueOrDefault(name), default);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
