using System.Data.Common;
using Npgsql;
using Relaybox.Operations;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>What operators need of an outbox in PostgreSQL.</summary>
internal sealed class PostgresOutboxOperations : SqlOutboxOperations
{
    private readonly Dictionary<RowAction, string> _statements;

    /// <summary>Makes the operations; they may be used by many threads at once.</summary>
    /// <param name="connections">The database.</param>
    /// <param name="options">The names.</param>
    /// <param name="time">The clock of the waits between tries.</param>
    /// <param name="entropy">The source of jitter.</param>
    public PostgresOutboxOperations(PostgresConnections connections, PostgresOptions options, TimeProvider time, IEntropy entropy)
        : base(connections, ReadParked(new PostgresNames(options)), FindBlocker(new PostgresNames(options)), time, entropy)
    {
        var names = new PostgresNames(options);
        const string IsParked = "o.status = 'failed'";
        const string IsHeld = "o.ordering_key IS NOT NULL AND o.skipped_at IS NULL";
        var wake = $"pg_notify('{names.Channel}', '')";
        _statements = new()
        {
            [RowAction.Redrive] = Update(
                """
                status = 'pending', attempts = 0, unfinished = 0, available_at = least(o.available_at, now()),
                failed_at = NULL, skipped_at = NULL, shelved_at = NULL, released_token = NULL
                """,
                IsParked,
                wake),
            [RowAction.Skip] = Update("skipped_at = now()", $"o.status NOT IN ('pending', 'publishing', 'sent') AND {IsHeld}", wake),
            [RowAction.Shelve] = Update("shelved_at = now()", $"{IsParked} AND o.shelved_at IS NULL", "1"),
            [RowAction.Unshelve] = Update("shelved_at = NULL", $"{IsParked} AND o.shelved_at IS NOT NULL", "1"),
            [RowAction.Purge] = Change($"DELETE FROM {names.Outbox} o", $"{IsParked} AND NOT ({IsHeld})", "1"),
        };

        string Update(string set, string condition, string answer) => Change($"UPDATE {names.Outbox} o SET {set}", condition, answer);
    }

    /// <inheritdoc />
    protected override async Task<bool> ApplyAsync(DbConnection connection, RowAction action, RowVersion row, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_statements[action], (NpgsqlConnection)connection);
        command.Parameters.Add(Parameters.Text(row.EventId));
        command.Parameters.Add(Parameters.Time(row.FailedAt));
        command.Parameters.Add(Parameters.Time(row.ShelvedAt));
        return (await command.ReadCommittedAsync(_ => true, cancellationToken)).Count > 0;
    }

    private static string Change(string what, string condition, string answer) =>
        $"""
        WITH changed AS (
            {what}
            WHERE o.event_id = $1 AND {condition} AND o.failed_at IS NOT DISTINCT FROM $2 AND o.shelved_at IS NOT DISTINCT FROM $3
            RETURNING 1
        )
        SELECT {answer} FROM changed
        """;

    // Without a row there is the time all the same.
    private static string ReadParked(PostgresNames names) =>
        $"""
        SELECT page.*, now() FROM (SELECT) one LEFT JOIN (
            SELECT {OutboxColumns.ListedColumns("o")} FROM {names.Outbox} o
            WHERE o.status = 'failed' AND (o.failed_at, o.row_id) > ($1, $2) ORDER BY o.failed_at, o.row_id LIMIT $3) page ON true
        """;

    private static string FindBlocker(PostgresNames names) =>
        $"""
        SELECT e.event_id FROM {names.Outbox} o JOIN {names.Outbox} e ON e.ordering_key = o.ordering_key AND e.row_id < o.row_id
        WHERE o.event_id = $1 AND e.status <> 'sent' AND (e.skipped_at IS NULL OR e.status IN ('pending', 'publishing'))
        ORDER BY e.row_id LIMIT 1
        """;
}
