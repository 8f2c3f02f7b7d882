using System.Data.Common;
using Npgsql;
using Relaybox.Benchmarks.Stores.Sql;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>Claims in one statement of plain Npgsql, and marks in another.</summary>
internal sealed class BareLoop(BenchDatabase database, OutboxSchema schema, int batchSize) : SqlBareLoop(database, schema)
{
    private readonly string _claim =
        $"""
        UPDATE {schema.Table} SET status = 'publishing', claim_token = $1, claimed_at = now(), lease_until = now() + interval '2 minutes'
        WHERE row_id = ANY (ARRAY(
            SELECT row_id FROM {schema.Table} WHERE status = 'pending' AND ordering_key IS NULL AND available_at <= now()
            ORDER BY available_at, row_id LIMIT {batchSize} FOR UPDATE SKIP LOCKED))
        RETURNING row_id, event_id, subject, payload, headers
        """;

    private readonly string _mark =
        $"UPDATE {schema.Table} SET status = 'sent', sent_at = now(), claimed_at = NULL, lease_until = NULL "
        + "WHERE row_id = ANY ($1) AND claim_token = $2 AND status = 'publishing'";

    protected override async Task<List<long>> ClaimAsync(DbConnection connection, string token, CancellationToken cancellationToken)
    {
        await using var claim = new NpgsqlCommand(_claim, (NpgsqlConnection)connection);
        claim.Parameters.Add(new NpgsqlParameter<string> { TypedValue = token });
        var ids = new List<long>(batchSize);
        await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetInt64(0));
            _ = reader.GetString(1);
            _ = reader.GetString(2);
            _ = reader.GetString(3);
            _ = reader.IsDBNull(4);
        }

        return ids;
    }

    protected override async Task<int> MarkAsync(DbConnection connection, List<long> ids, string token, CancellationToken cancellationToken)
    {
        await using var mark = new NpgsqlCommand(_mark, (NpgsqlConnection)connection);
        mark.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. ids] });
        mark.Parameters.Add(new NpgsqlParameter<string> { TypedValue = token });
        return await mark.ExecuteNonQueryAsync(cancellationToken);
    }
}
