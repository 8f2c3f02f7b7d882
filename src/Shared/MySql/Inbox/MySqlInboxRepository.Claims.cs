using System.Globalization;
using System.Text;
using MySqlConnector;
using Relaybox.Inbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

// Claiming: records of new events are created as claimed ones in one statement. A batch of new events is done with that. The records of
// any other batch are read. Records that are free again are then claimed, each under a condition that nobody else has come first.
internal sealed partial class MySqlInboxRepository
{
    private const int MaxRounds = 10;

    // The statement that claims a record which is free again, without its parameters.
    private const int SizeOfMessageWords = 1200;

    /// <inheritdoc />
    public override async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var claims = new List<InboxClaim>(messages.Count);
        var limit = await GetBatchLimitAsync(cancellationToken);
        foreach (var some in StatementChunks.Of(messages, message => SizeOf(message, message.KeyFor(consumer)), limit))
        {
            claims.AddRange(await ClaimBatchAsync(consumer, some, lease, maxAttempts, cancellationToken));
        }

        return claims;
    }

    private async Task<IReadOnlyList<InboxClaim>> ClaimBatchAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        var batch = new InboxClaimBatch(consumer, messages, entropy);
        for (var round = 1; !batch.IsDone; round++)
        {
            var isLast = round == MaxRounds;
            await Retries.RunAsync(
                async (_, ct) =>
                {
                    await using var connection = await connections.OpenConnectionAsync(ct);
                    return await CreateAsync(connection, batch, lease, maxAttempts, ct)
                        || await TakeFreeAsync(connection, batch, lease, maxAttempts, isLast, ct);
                },
                cancellationToken);
        }

        return batch.Claims;
    }

    /// <summary>Claims the messages that have no record yet, and reads the records of all where some had one.</summary>
    /// <returns>Whether every message has its answer.</returns>
    private async Task<bool> CreateAsync(
        MySqlConnection connection, InboxClaimBatch batch, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand { Connection = connection };
        var open = InLockOrder(batch);
        var keys = new InboxKeys(command.Parameters);
        var rows = new StringBuilder();
        foreach (var (key, message, token) in open)
        {
            var i = keys.Add(key, token);
            AddMessage(command.Parameters, i, message);
            rows.Append(i == 0 ? "" : ", ").Append(CultureInfo.InvariantCulture,
                $"""
                (@e{i}, @c{i}, @r{i}, 'processing', 1, 1, @s{i}, @h{i}, @t{i}, @t{i},
                {_names.Now}, {_names.Now}, {_names.Now} + INTERVAL @lease MICROSECOND, @st{i}, @sq{i})
                """);
        }

        // A record that is there stays as it is: it is locked, and the answer's last insert id, which is 0 otherwise, tells of it.
        command.Parameters.Add(Parameters.Interval("@lease", lease));
        command.CommandText =
            $"""
            INSERT INTO {_names.Inbox} (
                event_id, consumer, replay_id, status, deliveries, unfinished, subject, payload_hash, claim_token, begun_token,
                received_at, claimed_at, lease_until, stream, stream_sequence)
            VALUES {rows}
            ON DUPLICATE KEY UPDATE deliveries = deliveries + 0 * LAST_INSERT_ID(1)
            """;
        await command.ExecuteNonQueryAsync(cancellationToken);
        if (command.LastInsertedId == 0)
        {
            open.ForEach(claim => batch.Claimed(claim.Key, deliveries: 1, unfinished: 0));
            return true;
        }

        command.CommandText = Read(keys);
        return await ReadAsync(command, batch, open, maxAttempts, isLast: false, cancellationToken);
    }

    /// <summary>Claims the messages whose records are free again, and reads their records.</summary>
    /// <returns>Whether every message has its answer.</returns>
    private async Task<bool> TakeFreeAsync(
        MySqlConnection connection, InboxClaimBatch batch, TimeSpan lease, int maxAttempts, bool isLast, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand { Connection = connection };
        var open = InLockOrder(batch);
        var keys = new InboxKeys(command.Parameters);
        var sql = new StringBuilder(MySqlTransactions.Begin);
        foreach (var (key, message, token) in open)
        {
            var i = keys.Add(key, token);
            AddMessage(command.Parameters, i, message);

            // What an assignment reads is assigned after it: so it does not matter whether the server carries them out one after the other.
            sql.Append(CultureInfo.InvariantCulture,
                $"""
                UPDATE {_names.Inbox} SET
                    deliveries = deliveries + (unfinished = 0), begun_token = IF(unfinished = 0, @t{i}, begun_token),
                    unfinished = GREATEST(unfinished, 1), subject = @s{i}, payload_hash = @h{i}, claim_token = @t{i},
                    status = 'processing', claimed_at = {_names.Now}, lease_until = {_names.Now} + INTERVAL @lease MICROSECOND,
                    stream = COALESCE(@st{i}, stream), stream_sequence = COALESCE(@sq{i}, stream_sequence)
                WHERE event_id = @e{i} AND consumer = @c{i} AND replay_id = @r{i}
                    AND (status = 'failed' OR (status = 'processing' AND (lease_until IS NULL OR lease_until <= {_names.Now})))
                    AND deliveries < @attempts AND unfinished < {InboxClaim.MaxUnfinished}
                    AND (payload_hash IS NULL OR payload_hash = @h{i});

                """);
        }

        command.Parameters.Add(Parameters.Interval("@lease", lease));
        command.Parameters.AddWithValue("@attempts", maxAttempts);
        command.CommandText = $"{sql}COMMIT; {Read(keys)}";
        return await MySqlTransactions.RunAsync(
            connection, () => ReadAsync(command, batch, open, maxAttempts, isLast, cancellationToken));
    }

    // Two batches lock the records that they share in the same order, so that they cannot wait for each other.
    private static List<(InboxKey Key, InboxMessage Message, string Token)> InLockOrder(InboxClaimBatch batch) =>
    [
        .. batch.Open().OrderBy(open => open.Key.EventId, StringComparer.Ordinal).ThenBy(open => open.Key.ReplayId, StringComparer.Ordinal),
    ];

    private string Read(InboxKeys keys) =>
        $"""
        SELECT m.place, {OutboxColumns.Time(_names.Now)},
            r.status, r.deliveries, r.unfinished, r.claim_token, r.begun_token, r.payload_hash, {OutboxColumns.Time("r.lease_until")}
        FROM {keys.Table} AS m
        LEFT JOIN {_names.Inbox} AS r ON r.event_id = m.event_id AND r.consumer = m.consumer AND r.replay_id = m.replay_id
        """;

    private static async Task<bool> ReadAsync(
        MySqlCommand command,
        InboxClaimBatch batch,
        List<(InboxKey Key, InboxMessage Message, string Token)> open,
        int maxAttempts,
        bool isLast,
        CancellationToken cancellationToken)
    {
        var rows = await command.ReadCommittedAsync(
            row => (Place: row.GetInt32(0), Now: Columns.Time(row, 1)!.Value, Record: InboxRowReader.ReadRefused(row, 2)), cancellationToken);
        foreach (var (place, now, record) in rows)
        {
            batch.Refused(open[place].Key, record, now, maxAttempts, isLast);
        }

        return batch.IsDone;
    }

    // The key stands in the statement that writes, and in the one that reads. What else is of the message stands there once or twice.
    private long SizeOf(InboxMessage message, InboxKey key) =>
        (2 * (InboxKeys.SizeOf(key) + StatementSize.Of(message.Event.Subject) + StatementSize.Of(message.Stream)))
        + (4 * message.PayloadHash.Length) + (8 * _names.Now.Length) + SizeOfMessageWords;

    private static void AddMessage(MySqlParameterCollection parameters, int place, InboxMessage message)
    {
        parameters.AddWithValue(InboxKeys.Name("@s", place), message.Event.Subject);
        parameters.AddWithValue(InboxKeys.Name("@h", place), message.PayloadHash.ToArray());
        parameters.AddWithValue(InboxKeys.Name("@st", place), message.Stream);
        parameters.AddWithValue(InboxKeys.Name("@sq", place), message.StreamSequence);
    }
}
