using System.Data.Common;
using Npgsql;
using Relaybox.Inbox;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>
/// The inbox in a PostgreSQL table: one statement claims a whole batch, one fenced update completes a claim, alone or in
/// the transaction of what the handler enlisted. The database's clock decides.
/// </summary>
/// <param name="connections">Where connections come from.</param>
/// <param name="options">The schema and its tables.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of claim tokens and jitter.</param>
internal sealed partial class PostgresInboxRepository(
    PostgresConnections connections, PostgresOptions options, TimeProvider time, IEntropy entropy)
    : SqlInboxRepository(connections, Statements(options), AddKey, connections.Retries(time, entropy))
{
    private const int MaxRounds = 10;

    private readonly OutboxInsert _outbox = new(options);

    // $1 the consumer, $2 the lease, $3 and $4 the most attempts, $5 to $11 the messages as columns.
    private readonly string _claim =
        $"SELECT * FROM {new PostgresNames(options).InboxClaim}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    private readonly string _readRefused =
        $"""
        SELECT m.event_id, m.replay_id, clock_timestamp(),
            r.status, r.deliveries, r.unfinished, r.claim_token, r.begun_token, r.payload_hash, r.lease_until
        FROM unnest($2::text[], $3::text[]) AS m (event_id, replay_id)
        LEFT JOIN {Table(options)} AS r ON r.event_id = m.event_id AND r.consumer = $1 AND r.replay_id = m.replay_id
        """;

    /// <inheritdoc />
    public override async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var batch = new InboxClaimBatch(consumer, messages, entropy);
        for (var round = 1; !batch.IsDone; round++)
        {
            var isLast = round == MaxRounds;
            await Retries.RunAsync(
                async (_, ct) =>
                {
                    await using var connection = await connections.OpenConnectionAsync(ct);
                    await TakeAsync(connection, batch, lease, maxAttempts, ct);
                    if (!batch.IsDone)
                    {
                        await ReadRefusedAsync(connection, batch, maxAttempts, isLast, ct);
                    }

                    return batch.IsDone;
                },
                cancellationToken);
        }

        return batch.Claims;
    }

    /// <inheritdoc />
    public override Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new PostgresInboxTransaction(connections, this, _outbox, claim, time));

    /// <inheritdoc />
    public override async Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            $"""
            SELECT status, deliveries, subject, received_at, processed_at, failed_at, lease_until,
                stream, stream_sequence, error_code, error_message, unfinished, emitted
            FROM {Table(options)} WHERE event_id = $1 AND consumer = $2 AND replay_id = $3
            """,
            connection);
        AddKey(command.Parameters, key);
        return (await command.ReadCommittedAsync(row => InboxRowReader.ReadRecord(key, row), cancellationToken)).SingleOrDefault();
    }

    private async Task TakeAsync(
        NpgsqlConnection connection, InboxClaimBatch batch, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_claim, connection);
        command.Parameters.Add(Parameters.Text(batch.Consumer));
        command.Parameters.Add(Parameters.Interval(lease));
        command.Parameters.Add(Parameters.Integer(maxAttempts));
        command.Parameters.Add(Parameters.Integer(InboxClaim.MaxUnfinished));
        command.Parameters.AddOpen(batch);
        var rows = await command.ReadCommittedAsync(
            row => (Key: new InboxKey(batch.Consumer, row.GetString(0), row.GetString(1)), row.GetInt32(2), row.GetInt32(3)), cancellationToken);
        foreach (var (key, deliveries, unfinished) in rows)
        {
            batch.Claimed(key, deliveries, unfinished);
        }
    }

    private async Task ReadRefusedAsync(
        NpgsqlConnection connection, InboxClaimBatch batch, int maxAttempts, bool isLast, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_readRefused, connection);
        command.Parameters.Add(Parameters.Text(batch.Consumer));
        command.Parameters.AddOpenKeys(batch);
        var rows = await command.ReadCommittedAsync(
            row => (
                Key: new InboxKey(batch.Consumer, row.GetString(0), row.GetString(1)),
                Now: Columns.Time(row, 2)!.Value,
                Record: InboxRowReader.ReadRefused(row, 3)),
            cancellationToken);
        foreach (var (key, now, record) in rows)
        {
            batch.Refused(key, record, now, maxAttempts, isLast);
        }
    }

    private static void AddKey(DbParameterCollection parameters, InboxKey key)
    {
        parameters.Add(Parameters.Text(key.EventId));
        parameters.Add(Parameters.Text(key.Consumer));
        parameters.Add(Parameters.Text(key.ReplayId));
    }

    private static string Table(PostgresOptions options) => new PostgresNames(options).Inbox;
}
