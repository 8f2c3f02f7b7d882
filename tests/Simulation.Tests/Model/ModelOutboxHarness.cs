using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;
using Relaybox.Timing;

namespace Relaybox.Simulation.Tests.Model;

internal sealed class ModelOutboxHarness(OutboxTable table, DirectServer? server = null) : OutboxHarness
{
    private readonly DirectServer _server = server ?? new DirectServer();

    internal OutboxTable Table { get; } = table;

    public override IOutboxRepository Repository => field ??= CreateRepository();

    public override IOutboxOperations Operations => new ModelOperations(Table, _server);

    public override DateTimeOffset Now => _server.Now;

    public override IOutboxRepository CreateRepository() => new ModelOutbox(Table, _server, SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time)
    {
        _server.Pass(time);
        return Task.CompletedTask;
    }

    public override Task WriteAsync(RawRow row) => _server.CallAsync(
        "write",
        () =>
        {
            Table.Put(new TableRow(row.EventId, Table.NextRowId())
            {
                Status = row.Status,
                Subject = row.Subject,
                Payload = row.Payload,
                EnqueuedAt = row.EnqueuedAt,
                AvailableAt = row.AvailableAt,
                ClaimedAt = row.ClaimedAt,
                Token = row.Token,
                DueAt = row.DueAt,
                SentAt = row.SentAt,
                FailedAt = row.FailedAt,
            });
            return true;
        },
        default);

    public override Task DeleteAsync(string eventId) => _server.CallAsync("delete", () => Table.Remove(eventId), default);

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId) => _server.CallAsync<IReadOnlyDictionary<string, string>?>(
        "read",
        () => Table.Find(eventId) is { } row
            ? new Dictionary<string, string>
            {
                ["row"] = $"{row with { Headers = null }}",
                ["headers"] = string.Join(';', row.Headers ?? new Dictionary<string, string>()),
            }
            : null,
        default);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
