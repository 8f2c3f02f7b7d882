using Npgsql;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>Claims and marks in plain Npgsql, with nothing around it: what a relay on this table could reach at best.</summary>
internal sealed class BareLoop(BenchDatabase database, OutboxSchema schema, int batchSize) : IDrainLoop
{
    public Task FillAsync(long rows, CancellationToken cancellationToken) => schema.FillAsync(rows, cancellationToken);

    public async Task DrainAsync(long rows, CancellationToken cancellationToken)
    {
        var table = schema.Table;
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var claim = new NpgsqlCommand(
            $"""
            UPDATE {table} SET status = 'publishing', claim_token = $1, claimed_at = now(), lease_until = now() + interval '2 minutes'
            WHERE row_id = ANY (ARRAY(
                SELECT row_id FROM {table} WHERE status = 'pending' AND ordering_key IS NULL AND available_at <= now()
                ORDER BY available_at, row_id LIMIT {batchSize} FOR UPDATE SKIP LOCKED))
            RETURNING row_id, event_id, subject, payload, headers
            """,
            connection);
        await using var mark = new NpgsqlCommand(
            $"UPDATE {table} SET status = 'sent', sent_at = now(), claimed_at = NULL, lease_until = NULL "
            + "WHERE row_id = ANY ($1) AND claim_token = $2 AND status = 'publishing'",
            connection);
        long sent = 0;
        while (true)
        {
            var token = Guid.NewGuid().ToString("N");
            claim.Parameters.Clear();
            claim.Parameters.Add(new NpgsqlParameter<string> { TypedValue = token });
            var ids = new List<long>(batchSize);
            await using (var reader = await claim.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    ids.Add(reader.GetInt64(0));
                    _ = reader.GetString(1);
                    _ = reader.GetString(2);
                    _ = reader.GetString(3);
                    _ = reader.IsDBNull(4);
                }
            }

            if (ids.Count == 0)
            {
                break;
            }

            mark.Parameters.Clear();
            mark.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
            mark.Parameters.Add(new NpgsqlParameter<string> { TypedValue = token });
            sent += await mark.ExecuteNonQueryAsync(cancellationToken);
        }

        if (sent != rows)
        {
            throw new InvalidOperationException($"bare loop: {sent} of {rows} rows were marked.");
        }
    }
}
