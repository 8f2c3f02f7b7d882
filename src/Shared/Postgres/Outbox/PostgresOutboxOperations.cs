using System.Data.Common;
using Npgsql;
using Relaybox.Operations;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>What operators need of an outbox in PostgreSQL.</summary>
internal sealed class PostgresOutboxOperations : SqlOutboxOperations
{
    private const string IsVersion = "event_id = $1 AND failed_at IS NOT DISTINCT FROM $2 AND shelved_at IS NOT DISTINCT FROM $3";

    private readonly PostgresNames _names;

    /// <summary>Makes the operations; they may be used by many threads at once.</summary>
    /// <param name="connections">The database.</param>
    /// <param name="options">The names.</param>
    /// <param name="time">The clock of the waits between tries.</param>
    /// <param name="entropy">The source of jitter.</param>
    public PostgresOutboxOperations(PostgresConnections connections, PostgresOptions options, TimeProvider time, IEntropy entropy)
        : base(
            connections, ReadParked(new PostgresNames(options)), ReadSent(new PostgresNames(options)), FindBlocker(new PostgresNames(options)),
            time, entropy) =>
        _names = new PostgresNames(options);

    /// <inheritdoc />
    protected override async Task<bool> ApplyAsync(DbConnection connection, RowAction action, RowVersion row, CancellationToken cancellationToken)
    {
        // A row that can be claimed now, and what waits for a row that is skipped, wakes who listens.
        var wake = action is RowAction.Redrive or RowAction.Skip ? $"pg_notify('{_names.Channel}', '')" : "1";
        await using var command = new NpgsqlCommand(
            $"""
            WITH changed AS ({Statement(action, _names.Outbox, "now()", IsVersion)} RETURNING 1)
            SELECT {wake} FROM changed
            """,
            (NpgsqlConnection)connection);
        command.Parameters.Add(Parameters.Text(row.EventId));
        command.Parameters.Add(Parameters.Time(row.FailedAt));
        command.Parameters.Add(Parameters.Time(row.ShelvedAt));
        return (await command.ReadCommittedAsync(_ => true, cancellationToken)).Count > 0;
    }

    // Without a row there is the time all the same.
    private static string ReadParked(PostgresNames names) =>
        $"""
        SELECT page.*, now() FROM (SELECT) one LEFT JOIN (
            SELECT {OutboxColumns.ListedColumns("o")} FROM {names.Outbox} o
            WHERE o.status = 'failed' AND (o.failed_at, o.row_id) > ($1, $2) ORDER BY o.failed_at, o.row_id LIMIT $3) page ON true
        """;

    // In the archive, too. The columns of a row are the same there: its number is the first, and when it was sent the 14th.
    private static string ReadSent(PostgresNames names)
    {
        return $"""
            SELECT page.*, now() FROM (SELECT) one LEFT JOIN (
                SELECT * FROM (
                    ({Page(names.Outbox, "o.status = 'sent' AND", isArchived: false)}) UNION ALL ({Page(names.Sent, "", isArchived: true)})) sent
                ORDER BY 14, 1 LIMIT $3) page ON true
            """;

        static string Page(string table, string condition, bool isArchived) =>
            $"""
            SELECT {OutboxColumns.ListedColumns("o", isArchived)} FROM {table} o
            WHERE {condition} (o.sent_at, o.row_id) > ($1, $2) ORDER BY o.sent_at, o.row_id LIMIT $3
            """;
    }

    private static string FindBlocker(PostgresNames names) =>
        $"""
        SELECT e.event_id FROM {names.Outbox} o JOIN {names.Outbox} e ON e.ordering_key = o.ordering_key AND e.row_id < o.row_id
        WHERE o.event_id = $1 AND e.status <> 'sent' AND (e.skipped_at IS NULL OR e.status IN ('pending', 'publishing'))
        ORDER BY e.row_id LIMIT 1
        """;
}
