using System.Data.Common;
using MySqlConnector;
using Relaybox.Operations;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>What operators need of an outbox in MySQL or MariaDB.</summary>
internal sealed class MySqlOutboxOperations : SqlOutboxOperations
{
    private const string IsVersion = "event_id = @id AND failed_at <=> @failed AND shelved_at <=> @shelved";

    private readonly MySqlNames _names;
    private readonly OutboxSearch _search;

    /// <summary>Makes the operations; they may be used by many threads at once.</summary>
    /// <param name="connections">The server.</param>
    /// <param name="options">The names.</param>
    /// <param name="time">The clock of the waits between tries.</param>
    /// <param name="entropy">The source of jitter.</param>
    public MySqlOutboxOperations(MySqlConnections connections, MySqlOptions options, TimeProvider time, IEntropy entropy)
        : base(
            connections, Read(new MySqlNames(options), queue: 5), Read(new MySqlNames(options), queue: 6), FindBlocker(new MySqlNames(options)),
            time, entropy)
    {
        _names = new MySqlNames(options);
        _search = new OutboxSearch(_names);
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
            var change = Statement(action, _names.Outbox, _names.Now, IsVersion, "waits = FALSE,");
            await using var command = new MySqlCommand($"{MySqlTransactions.Begin}{change}; SELECT ROW_COUNT(); {next}", mySql);
            command.Parameters.Add(Parameters.Bytes("@id", row.EventId));
            command.Parameters.Add(Parameters.Time("@failed", row.FailedAt));
            command.Parameters.Add(Parameters.Time("@shelved", row.ShelvedAt));
            var answer = await command.ReadCommittedAsync(read => read.GetInt64(0), cancellationToken);
            await using var commit = new MySqlCommand($"{_search.Wake(answer[1..])}COMMIT", mySql);
            await commit.ExecuteNonQueryAsync(cancellationToken);
            return answer[0] == 1;
        });
    }

    // Without a row there is the time all the same.
    private static string Read(MySqlNames names, int queue) =>
        $"""
        SELECT page.*, {OutboxColumns.Time(names.Now)} FROM (SELECT 1 AS one) one LEFT JOIN (
            SELECT {OutboxColumns.Listed} FROM {names.OutboxByQueue}
            WHERE queue = {queue} AND (queued_at > @since OR (queued_at = @since AND row_id > @row))
            ORDER BY queued_at, row_id LIMIT @limit) page ON TRUE
        """;

    private static string FindBlocker(MySqlNames names) =>
        $"""
        SELECT e.event_id FROM {names.Outbox} o JOIN {names.Outbox} e ON e.held_key = o.ordering_key AND e.key_number < o.key_number
        WHERE o.event_id = @id ORDER BY e.key_number LIMIT 1
        """;
}
