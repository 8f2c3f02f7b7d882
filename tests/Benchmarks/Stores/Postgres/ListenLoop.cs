using Npgsql;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>
/// Plain LISTEN and NOTIFY with nothing around them: on a notification, claim what there is in one statement, handle it, mark
/// it in another. What a relay that listens could reach at best.
/// </summary>
internal sealed class ListenLoop(BenchDatabase database, string schema) : IWakeLoop
{
    private string Table => $"{schema}.messages";

    public Task CreateAsync(CancellationToken cancellationToken) => database.ExecuteAsync(
        $"""
        CREATE SCHEMA {schema};
        CREATE TABLE {Table} (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject text NOT NULL, payload text NOT NULL, status text NOT NULL DEFAULT 'pending');
        CREATE INDEX ON {Table} (id) WHERE status = 'pending';
        CREATE FUNCTION {schema}.notify() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''{schema}'', ''''); RETURN NULL; END';
        CREATE TRIGGER notify AFTER INSERT ON {Table} FOR EACH STATEMENT EXECUTE FUNCTION {schema}.notify();
        """,
        cancellationToken);

    public async Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE {Table}", cancellationToken);
        var probe = new LatencyProbe();
        return await probe.MeasureAsync(rows, rate, WriteAsync, ct => HandleAsync(probe, ct), cancellationToken);
    }

    private async Task<string> WriteAsync(int row, CancellationToken cancellationToken)
    {
        await using var insert = database.DataSource.CreateCommand(
            $"INSERT INTO {Table} (subject, payload) VALUES ('orders.placed', $1) RETURNING id");
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = BenchPayload.Text });
        return $"{await insert.ExecuteScalarAsync(cancellationToken)}";
    }

    private async Task HandleAsync(LatencyProbe probe, CancellationToken cancellationToken)
    {
        await using var listener = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var worker = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var claim = new NpgsqlCommand(
            $"""
            UPDATE {Table} SET status = 'publishing'
            WHERE id = ANY (ARRAY(SELECT id FROM {Table} WHERE status = 'pending' ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED))
            RETURNING id, subject, payload
            """,
            worker);
        await using var mark = new NpgsqlCommand($"UPDATE {Table} SET status = 'sent' WHERE id = ANY ($1)", worker);
        await using var listen = new NpgsqlCommand($"LISTEN {schema}", listener);
        await listen.ExecuteNonQueryAsync(cancellationToken);
        while (true)
        {
            var ids = new List<long>();
            await using (var reader = await claim.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    ids.Add(reader.GetInt64(0));
                    _ = reader.GetString(2);
                    probe.Handled($"{ids[^1]}");
                }
            }

            if (ids.Count == 0)
            {
                await listener.WaitAsync(cancellationToken);
                continue;
            }

            mark.Parameters.Clear();
            mark.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
            await mark.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
