using System.Text;
using Npgsql;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>
/// The algorithm that OutboxKit documents, written from its documentation in plain Npgsql, because its packages are not on
/// every registry: in one transaction fetch a batch in the order of its ids and hold its rows, hand it over, then delete it, or set
/// processed_at where messages are kept. Table and columns are those of its defaults.
/// </summary>
/// <param name="database">Where.</param>
/// <param name="schema">The schema of its table.</param>
/// <param name="keeps">Whether messages are kept; otherwise they are deleted.</param>
internal sealed class FetchAndHoldLoop(BenchDatabase database, string schema, bool keeps)
{
    private string Table => $"{schema}.outbox_messages";

    public Task CreateAsync(bool withIndex, CancellationToken cancellationToken) => database.ExecuteAsync(
        $"""
        CREATE SCHEMA {schema};
        CREATE TABLE {Table} (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            type varchar(128) NOT NULL,
            payload bytea NOT NULL,
            created_at timestamptz NOT NULL,
            trace_context bytea,
            processed_at timestamptz
        );
        {(withIndex ? $"CREATE INDEX ON {Table} (id) WHERE processed_at IS NULL" : "")}
        """,
        cancellationToken);

    public async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE {Table}", cancellationToken);
        await database.ExecuteAsync(
            $"INSERT INTO {Table} (type, payload, created_at) SELECT 'orders.placed', "
            + $"convert_to({BenchPayload.Sql}, 'UTF8'), now() FROM generate_series(1, {rows})",
            cancellationToken);
        await database.ExecuteAsync($"VACUUM (ANALYZE) {Table}", cancellationToken);
    }

    public async Task DrainAsync(long rows, int batchSize, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        long produced = 0;
        for (var batch = -1; batch != 0; produced += batch)
        {
            batch = await ProduceAsync(connection, batchSize, _ => { }, cancellationToken);
        }

        if (produced != rows)
        {
            throw new InvalidOperationException($"{schema}: {produced} of {rows} messages were produced.");
        }
    }

    /// <summary>From commit to handler where the app's own process wakes the loop (its trigger), instead of the database.</summary>
    public async Task<double[]> MeasureLatencyAsync(int rows, int rate, int batchSize, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE {Table}", cancellationToken);
        var probe = new LatencyProbe();
        using var trigger = new SemaphoreSlim(0);
        await using var writer = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var insert = new NpgsqlCommand(
            $"INSERT INTO {Table} (type, payload, created_at) VALUES ('orders.placed', $1, now()) RETURNING id", writer)
        {
            Parameters = { new NpgsqlParameter<byte[]> { TypedValue = Encoding.UTF8.GetBytes(BenchPayload.Text) } },
        };
        return await probe.MeasureAsync(rows, rate, CommitAsync, ProduceWhenTriggeredAsync, cancellationToken);

        async Task<string> CommitAsync(int row, CancellationToken token)
        {
            var id = $"{await insert.ExecuteScalarAsync(token)}";
            trigger.Release();
            return id;
        }

        async Task ProduceWhenTriggeredAsync(CancellationToken stop)
        {
            await using var connection = await database.DataSource.OpenConnectionAsync(stop);
            while (true)
            {
                await trigger.WaitAsync(stop);
                while (await ProduceAsync(connection, batchSize, id => probe.Handled($"{id}"), stop) > 0)
                {
                }
            }
        }
    }

    private async Task<int> ProduceAsync(
        NpgsqlConnection connection, int batchSize, Action<long> produce, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var ids = new List<long>(batchSize);
        await using (var fetch = new NpgsqlCommand(
            "SELECT id, type, payload, created_at, trace_context "
            + $"FROM {Table} {(keeps ? "WHERE processed_at IS NULL" : "")} ORDER BY id LIMIT {batchSize} FOR UPDATE",
            connection,
            transaction))
        await using (var reader = await fetch.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                ids.Add(reader.GetInt64(0));
                _ = (reader.GetString(1), reader.GetFieldValue<byte[]>(2), reader.GetDateTime(3), reader.IsDBNull(4));
                produce(ids[^1]);
            }
        }

        if (ids.Count > 0)
        {
            await using var complete = new NpgsqlCommand(
                keeps ? $"UPDATE {Table} SET processed_at = $2 WHERE id = ANY ($1)" : $"DELETE FROM {Table} WHERE id = ANY ($1)",
                connection,
                transaction);
            complete.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
            if (keeps)
            {
                complete.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = DateTime.UtcNow });
            }

            await complete.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return ids.Count;
    }
}
