using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Postgres;

/// <summary>From commit to publish through the product: the relay listens as a sweep does on a SQL store.</summary>
internal sealed class RelayLatency(BenchDatabase database, OutboxSchema schema)
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    public async Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE {schema.Table}", cancellationToken);
        var probe = new LatencyProbe();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var relaying = RelayAsync(probe, stop.Token);
        await using var writer = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var insert = new NpgsqlCommand(
            $"INSERT INTO {schema.Table} (event_id, subject, payload) VALUES ($1, 'orders.placed', $2)", writer);
        var measuring = probe.MeasureAsync(rows, rate, CommitAsync, cancellationToken);
        await await Task.WhenAny(measuring, relaying);
        await stop.CancelAsync();
        await relaying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await measuring;

        async Task<string> CommitAsync(int row, CancellationToken token)
        {
            var id = $"event-{row}";
            insert.Parameters.Clear();
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = BenchPayload.Text });
            await insert.ExecuteNonQueryAsync(token);
            return id;
        }
    }

    private async Task RelayAsync(LatencyProbe probe, CancellationToken cancellationToken)
    {
        var relay = schema.Relay(new ProbePublisher(probe));
        var deadline = WorkDeadline.After(Long, TimeProvider.System);
        await using var signal = new PostgresOutboxSignal(
            database.Connections,
            schema.Options,
            new PostgresSignalOptions(),
            TimeProvider.System,
            NullLogger<PostgresOutboxSignal>.Instance);
        while (true)
        {
            await relay.DrainAsync(deadline, cancellationToken);
            await signal.WaitAsync(Long, cancellationToken);
        }
    }
}
