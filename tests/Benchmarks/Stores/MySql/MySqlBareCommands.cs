using System.Data.Common;
using System.Globalization;
using System.Text;
using MySqlConnector;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>
/// The writes of the relay by the driver alone: lock rows that are due and read them, take them by their numbers, mark them by the token.
/// Three round trips and two commits.
/// </summary>
/// <param name="table">The outbox as it stands in SQL.</param>
/// <param name="batchSize">The most rows of a claim.</param>
internal sealed class MySqlBareCommands(string table, int batchSize)
{
    private readonly string _find =
        $"""
        START TRANSACTION;
        SELECT row_id, event_id, subject, payload, headers FROM {table} FORCE INDEX (queue)
        WHERE queue = 1 AND queued_at <= UTC_TIMESTAMP(6) ORDER BY queued_at, row_id LIMIT {batchSize} FOR UPDATE SKIP LOCKED
        """;

    /// <summary>Claims rows. Where there are none nothing is left open.</summary>
    public async Task<List<(long RowId, string EventId)>> ClaimAsync(DbConnection connection, string token, CancellationToken cancellationToken)
    {
        var rows = await FindAsync((MySqlConnection)connection, cancellationToken);
        var take = rows.Count == 0
            ? "ROLLBACK"
            : $"""
            UPDATE {table} FORCE INDEX (PRIMARY) SET
                status = 'publishing', unfinished = unfinished + 1, claim_token = @token, reserve = NULL,
                claimed_at = UTC_TIMESTAMP(6), lease_until = UTC_TIMESTAMP(6) + INTERVAL 2 MINUTE
            WHERE row_id IN ({In(rows.Select(row => row.RowId))});
            COMMIT
            """;
        await using var command = new MySqlCommand(take, (MySqlConnection)connection);
        command.Parameters.AddWithValue("@token", token);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return rows;
    }

    /// <summary>Marks claimed rows as sent, and says how many were.</summary>
    public async Task<int> MarkAsync(
        DbConnection connection, IEnumerable<long> rowIds, string token, CancellationToken cancellationToken)
    {
        await using var mark = new MySqlCommand(
            $"""
            UPDATE {table} FORCE INDEX (PRIMARY) SET
                status = 'sent', sent_at = UTC_TIMESTAMP(6), unfinished = 0, claimed_at = NULL, lease_until = NULL
            WHERE row_id IN ({In(rowIds)}) AND status = 'publishing' AND claim_token = @token
            """,
            (MySqlConnection)connection);
        mark.Parameters.AddWithValue("@token", token);
        return await mark.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<List<(long RowId, string EventId)>> FindAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var find = new MySqlCommand(_find, connection);
        var rows = new List<(long, string)>();
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add((reader.GetInt64(0), Encoding.UTF8.GetString(reader.GetFieldValue<byte[]>(1))));
            _ = reader.GetString(2);
            _ = reader.GetString(3);
            _ = reader.IsDBNull(4);
        }

        return rows;
    }

    private static string In(IEnumerable<long> rowIds) =>
        string.Join(',', rowIds.Select(id => id.ToString(CultureInfo.InvariantCulture)));
}
