using Relaybox.Operations;
using Relaybox.Outbox;

namespace Relaybox.Simulation.Model;

/// <summary>What operators need of the model outbox: each row is a call of its own, any of which can fail.</summary>
internal sealed class ModelOperations(OutboxTable table, IServer server) : IOutboxOperations
{
    public Task<RowPage> ReadAsync(
        OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken) =>
        server.CallAsync("operations.read", () => table.Page(status, since, cursor, limit, server.Now), cancellationToken);

    public async Task<ActionOutcome> ApplyAsync(
        RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken)
    {
        var applied = new List<string>();
        foreach (var row in rows)
        {
            if (await server.CallAsync($"operations.{action} {row.EventId}", () => table.Act(action, row, server.Now), cancellationToken))
            {
                applied.Add(row.EventId);
            }
        }

        return new ActionOutcome(applied, []);
    }

    public Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken) =>
        server.CallAsync("operations.blocker", () => table.FindBlocker(row), cancellationToken);
}
