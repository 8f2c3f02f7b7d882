using Relaybox.Operations;
using Relaybox.Outbox;

namespace Relaybox.Simulation.Tests.Model;

/// <summary>An operator who skips rows of MongoDB's model, which knows no other action.</summary>
/// <param name="skip">Skips a row, and says whether it was parked.</param>
internal sealed class SkippingOperations(Func<string, Task<bool>> skip) : IOutboxOperations
{
    public Task<RowPage> ReadAsync(
        OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public async Task<ActionOutcome> ApplyAsync(
        RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken)
    {
        var applied = new List<string>();
        foreach (var row in action == RowAction.Skip ? rows : throw new NotSupportedException())
        {
            if (await skip(row.EventId))
            {
                applied.Add(row.EventId);
            }
        }

        return new ActionOutcome(applied, []);
    }

    public Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken) => throw new NotSupportedException();
}
