using System.Data.Common;
using MySqlConnector;
using Relaybox.Operations;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>What operators need of an outbox in MySQL or MariaDB.</summary>
internal sealed class MySqlOutboxOperations : SqlOutboxOperations
{
    private readonly Dictionary<RowAction, string> _statements;
    private readonly MySqlNames _names;
    private readonly OutboxSearch _search;

    /// <summary>Makes the operations; they may be used by many threads at once.</summary>
    /// <param name="connections">The server.</param>
    /// <param name="options">The names.</param>
    /// <param name="time">The clock of the waits between tries.</param>
    /// <param name="entropy">The source of jitter.</param>
    public MySqlOutboxOperations(MySqlConnections connections, MySqlOptions options, TimeProvider time, IEntropy entropy)
        : base(connections, ReadParked(new MySqlNames(options)), FindBlocker(new MySqlNames(options)), time, entropy)
    {
        _names = new MySqlNames(options);
        _search = new OutboxSearch(_names);
        const string IsParked = "status = 'failed'";
        const string IsHeld = "ordering_key IS NOT NULL AND skipped_at IS NULL";
        _statements = new()
        {
            [RowAction.Redrive] = Update(
                $"""
                status = 'pending', waits = FALSE, attempts = 0, unfinished = 0, available_at = LEAST(available_at, {_names.Now}),
                failed_at = NULL, skipped_at = NULL, shelved_at = NULL, released_token = NULL
                """,
                IsParked),
            [RowAction.Skip] = Update($"skipped_at = {_names.Now}", $"status NOT IN ('pending', 'publishing', 'sent') AND {IsHeld}"),
            [RowAction.Shelve] = Update($"shelved_at = {_names.Now}", $"{IsParked} AND shelved_at IS NULL"),
            [RowAction.Unshelve] = Update("shelved_at = NULL", $"{IsParked} AND shelved_at IS NOT NULL"),
            [RowAction.Purge] = Change($"DELETE FROM {_names.Outbox}", $"{IsParked} AND NOT ({IsHeld})"),
        };

        string Update(string set, string condition) => Change($"UPDATE {_names.Outbox} SET {set}", condition);
    }

    /// <inheritdoc />
    protected override Task<bool> ApplyAsync(DbConnection connection, RowAction action, RowVersion row, CancellationToken cancellationToken)
    {
        var mySql = (MySqlConnection)connection;
        return MySqlTransactions.RunAsync(mySql, async () =>
        {
            // Who waits behind a row that was skipped is made due with it.
            var keys = $"SELECT s.ordering_key FROM {_names.Outbox} s WHERE s.event_id = @id AND s.ordering_key IS NOT NULL";
            var next = action == RowAction.Skip ? _search.FindNext(keys) : "";
            await using var command = new MySqlCommand(
                $"{MySqlTransactions.Begin}{_statements[action]}; SELECT ROW_COUNT(); {next}", mySql);
            command.Parameters.Add(Parameters.Bytes("@id", row.EventId));
            command.Parameters.Add(Parameters.Time("@failed", row.FailedAt));
            command.Parameters.Add(Parameters.Time("@shelved", row.ShelvedAt));
            var answer = await command.ReadCommittedAsync(read => read.GetInt64(0), cancellationToken);
            await using var commit = new MySqlCommand($"{_search.Wake(answer[1..])}COMMIT", mySql);
            await commit.ExecuteNonQueryAsync(cancellationToken);
            return answer[0] == 1;
        });
    }

    private static string Change(string what, string condition) =>
        $"{what} WHERE event_id = @id AND {condition} AND failed_at <=> @failed AND shelved_at <=> @shelved";

    // Without a row there is the time all the same.
    private static string ReadParked(MySqlNames names) =>
        $"""
        SELECT page.*, {OutboxColumns.Time(names.Now)} FROM (SELECT 1 AS one) one LEFT JOIN (
            SELECT {OutboxColumns.Listed} FROM {names.OutboxByQueue}
            WHERE queue = 5 AND (queued_at > @since OR (queued_at = @since AND row_id > @row))
            ORDER BY queued_at, row_id LIMIT @limit) page ON TRUE
        """;

    private static string FindBlocker(MySqlNames names) =>
        $"""
        SELECT e.event_id FROM {names.Outbox} o JOIN {names.Outbox} e ON e.held_key = o.ordering_key AND e.key_number < o.key_number
        WHERE o.event_id = @id ORDER BY e.key_number LIMIT 1
        """;
}
