using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <summary>
/// The outbox in a PostgreSQL table. The database's clock decides. Rows are claimed by their status and never by their
/// number, because they do not become visible in the order of their numbers; the rows of one ordering key do, and are
/// claimed in that order.
/// </summary>
internal sealed partial class PostgresOutboxRepository : ILockingOutbox
{
    private readonly PostgresConnections _connections;
    private readonly AfterSending _afterSending;
    private readonly IEntropy _entropy;
    private readonly RetryLoop _retries;
    private readonly OutboxRefusal _refusal;
    private readonly string _insert;
    private readonly string _find;
    private readonly string _findPending;

    /// <summary>Makes a repository; it may be used by many threads at once.</summary>
    /// <param name="connections">The database.</param>
    /// <param name="options">The names, and what becomes of sent rows.</param>
    /// <param name="time">The clock for the waits between tries; the rows' times are the database's.</param>
    /// <param name="entropy">The source of claim tokens and jitter.</param>
    public PostgresOutboxRepository(PostgresConnections connections, PostgresOptions options, TimeProvider time, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(entropy);
        _connections = connections;
        _afterSending = options.AfterSending;
        _entropy = entropy;
        _retries = connections.Retries(time, entropy);
        _refusal = new OutboxRefusal(options);
        var names = new PostgresNames(options);
        var row = $"{OutboxColumns.Columns("o")}, {OutboxColumns.StateColumns("o")}";
        _insert =
            $"""
            INSERT INTO {names.Outbox} AS o (event_id, subject, payload, headers, ordering_key, result, enqueued_at, available_at)
            SELECT $1, $2, $3, $4, $5, $6, coalesce($7, now()), coalesce($8, $7, now())
            WHERE NOT EXISTS (SELECT FROM {names.Sent} s WHERE s.event_id = $1)
            ON CONFLICT (event_id) DO NOTHING
            RETURNING {row}
            """;
        _find =
            $"""
            SELECT {row} FROM {names.Outbox} o WHERE o.event_id = $1
            UNION ALL
            SELECT {OutboxColumns.Columns("o")}, {OutboxColumns.StateColumns("o", isArchived: true)} FROM {names.Sent} o WHERE o.event_id = $1
            """;
        _findPending =
            $"""
            SELECT {row} FROM {names.Outbox} o WHERE o.status = 'pending' ORDER BY o.enqueued_at, o.row_id LIMIT $1
            """;
        _marks = new OutboxMarks(names, options.AfterSending);
        _claims = new OutboxClaimSql(names, OutboxTake.Lease);
        _locks = new OutboxClaimSql(names, OutboxTake.Lock(options.AfterSending));
        _untilDue = PostgresOutboxSignal.PeekSql(names);
        _upkeep = new OutboxUpkeepSql(names);
        _search = new OutboxClaimSearch(entropy.NextDouble());
    }

    /// <inheritdoc />
    public bool KeepsOrder => true;

    /// <inheritdoc />
    public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        PostgresRowContract.Require(outboxEvent);
        return _retries.RunAsync((_, ct) => FindOrCreateOnceAsync(outboxEvent, ct), cancellationToken);
    }

    /// <inheritdoc />
    public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) =>
        eventId.Contains('\0', StringComparison.Ordinal)
            ? Task.FromResult<OutboxRow?>(null)
            : _retries.RunAsync(async (_, ct) => (await ReadRowsAsync(_find, eventId, ct)).FirstOrDefault(), cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return _retries.RunAsync((_, ct) => ReadRowsAsync(_findPending, limit, ct), cancellationToken);
    }

    // A row that was there for the insert can be gone for the select: then the insert's turn has come again.
    private async Task<FoundOrCreated> FindOrCreateOnceAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await InsertAsync(outboxEvent, cancellationToken) is { } created)
            {
                return new FoundOrCreated(created, Created: true);
            }

            if ((await ReadRowsAsync(_find, outboxEvent.EventId, cancellationToken)).FirstOrDefault() is { } found)
            {
                return found.Event.SaysTheSameAs(outboxEvent)
                    ? new FoundOrCreated(found, Created: false)
                    : throw new EventIdConflictException(outboxEvent.EventId);
            }
        }
    }

    private async Task<OutboxRow?> InsertAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        await using var connection = await _connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(_insert, connection);
        var parameters = command.Parameters;
        parameters.Add(Parameters.Text(outboxEvent.EventId));
        parameters.Add(Parameters.Text(outboxEvent.Subject));
        parameters.Add(Parameters.Text(outboxEvent.Payload));
        parameters.Add(Parameters.Text(HeadersText.Write(outboxEvent.Headers)));
        parameters.Add(Parameters.Text(outboxEvent.OrderingKey));
        parameters.Add(Parameters.Text(outboxEvent.Result));
        parameters.Add(Parameters.Time(outboxEvent.EnqueuedAt));
        parameters.Add(Parameters.Time(outboxEvent.AvailableAt));
        try
        {
            return (await command.ReadCommittedAsync(OutboxRowReader.ReadRow, cancellationToken)).SingleOrDefault();
        }
        catch (PostgresException e) when (_refusal.IsOfSequence(e))
        {
            throw _refusal.BehindRows(e);
        }
    }

    private async Task<IReadOnlyList<OutboxRow>> ReadRowsAsync<T>(string sql, T value, CancellationToken cancellationToken)
    {
        await using var connection = await _connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
        return await command.ReadCommittedAsync(OutboxRowReader.ReadRow, cancellationToken);
    }
}
