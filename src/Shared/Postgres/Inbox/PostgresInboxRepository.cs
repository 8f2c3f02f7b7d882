using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
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
public sealed partial class PostgresInboxRepository(
    PostgresConnections connections, PostgresOptions options, TimeProvider time, IEntropy entropy) : IInboxRepository, IExplainsFailures
{
    private const int MaxRounds = 10;

    private readonly PostgresFaults _faults = new(time, entropy);
    private readonly OutboxInsert _outbox = new(options);

    // $1 the consumer, $2 the lease, $3 and $4 the most attempts, $5 to $10 the messages as columns.
    private readonly string _claim =
        $"SELECT * FROM {new PostgresNames(options).InboxClaim}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

    private readonly string _readRefused =
        $"""
        SELECT m.event_id, r.status, r.deliveries, r.unfinished, r.claim_token, r.begun_token, r.payload_hash, r.lease_until, clock_timestamp()
        FROM unnest($2::text[]) AS m (event_id)
        LEFT JOIN {Table(options)} AS r ON r.event_id = m.event_id AND r.consumer = $1
        """;

    /// <inheritdoc />
    public async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var batch = new InboxClaimBatch(consumer, messages, entropy);
        for (var round = 1; !batch.IsDone; round++)
        {
            var isLast = round == MaxRounds;
            await _faults.RepeatAsync(
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
    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new PostgresInboxTransaction(connections, this, _outbox, claim, time));

    /// <inheritdoc />
    public async Task<InboxRecord?> FindAsync(string consumer, string eventId, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            $"""
            SELECT consumer, event_id, status, deliveries, subject, received_at, processed_at, failed_at, lease_until,
                stream, stream_sequence, error_code, error_message, unfinished
            FROM {Table(options)} WHERE event_id = $1 AND consumer = $2
            """,
            connection);
        command.Parameters.Add(Parameters.Text(eventId));
        command.Parameters.Add(Parameters.Text(consumer));
        return (await command.ReadCommittedAsync(ToRecord, cancellationToken)).SingleOrDefault();
    }

    /// <inheritdoc />
    public async Task<bool> IsProcessedAsync(string consumer, string eventId, CancellationToken cancellationToken) =>
        await FindAsync(consumer, eventId, cancellationToken) is { Status: InboxStatus.Processed };

    Exception? IExplainsFailures.Explain(Exception exception) => connections.Explain(exception);

    private async Task TakeAsync(
        NpgsqlConnection connection, InboxClaimBatch batch, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_claim, connection);
        command.Parameters.Add(Parameters.Text(batch.Consumer));
        command.Parameters.Add(Parameters.Interval(lease));
        command.Parameters.Add(Parameters.Integer(maxAttempts));
        command.Parameters.Add(Parameters.Integer(InboxClaim.MaxUnfinished));
        batch.AddOpen(command.Parameters);
        var rows = await command.ReadCommittedAsync(row => (row.GetString(0), row.GetInt32(1), row.GetInt32(2)), cancellationToken);
        foreach (var (eventId, deliveries, unfinished) in rows)
        {
            batch.Claimed(eventId, deliveries, unfinished);
        }
    }

    private async Task ReadRefusedAsync(
        NpgsqlConnection connection, InboxClaimBatch batch, int maxAttempts, bool isLast, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_readRefused, connection);
        command.Parameters.Add(Parameters.Text(batch.Consumer));
        command.Parameters.Add(Parameters.Texts(batch.OpenIds));
        foreach (var (eventId, record) in await command.ReadCommittedAsync(row => (row.GetString(0), RefusedRecord.Read(row)), cancellationToken))
        {
            batch.Refused(eventId, record, maxAttempts, isLast);
        }
    }

    private static InboxRecord ToRecord(NpgsqlDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), InboxStatusText.Parse(reader.GetString(2)), reader.GetInt32(3))
    {
        Subject = Columns.Text(reader, 4),
        ReceivedAt = Columns.Time(reader, 5),
        ProcessedAt = Columns.Time(reader, 6),
        FailedAt = Columns.Time(reader, 7),
        LeaseUntil = Columns.Time(reader, 8),
        Stream = Columns.Text(reader, 9),
        StreamSequence = reader.IsDBNull(10) ? null : reader.GetInt64(10),
        ErrorCode = Columns.Text(reader, 11),
        ErrorMessage = Columns.Text(reader, 12),
        Unfinished = reader.GetInt32(13),
    };

    private static string Table(PostgresOptions options) => new PostgresNames(options).Inbox;
}
