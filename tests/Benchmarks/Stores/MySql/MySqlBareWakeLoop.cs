using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>
/// A plain loop that asks for rows as often as the product does, with nothing around it: claim what there is, hand it over, mark it. What
/// a relay that polls could reach at best.
/// </summary>
internal sealed class MySqlBareWakeLoop(MySqlBenchDatabase database, MySqlBenchOutbox outbox) : IWakeLoop
{
    private readonly MySqlBareCommands _commands = new(outbox.Table, new RelayOptions().BatchSize);

    public Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken) =>
        LatencyProbe.MeasureAsync(outbox, rows, rate, HandleAsync, cancellationToken);

    private async Task HandleAsync(LatencyProbe probe, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            await HandleAsync(probe, connection, cancellationToken);
        }
        finally
        {
            // The end comes in the middle of a claim.
            await using var rollback = new MySqlCommand("ROLLBACK", connection);
            await rollback.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private async Task HandleAsync(LatencyProbe probe, MySqlConnection connection, CancellationToken cancellationToken)
    {
        var interval = MySqlOutboxSignal.ShortestWait;
        while (true)
        {
            var token = Guid.NewGuid().ToString("N");
            var claimed = await _commands.ClaimAsync(connection, token, cancellationToken);
            foreach (var (_, eventId) in claimed)
            {
                probe.Handled(eventId);
            }

            if (claimed.Count > 0)
            {
                await _commands.MarkAsync(connection, claimed.Select(row => row.RowId), token, cancellationToken);
                interval = MySqlOutboxSignal.ShortestWait;
                continue;
            }

            await Task.Delay(interval, cancellationToken);
            interval = MySqlOutboxSignal.Next(interval);
        }
    }
}
