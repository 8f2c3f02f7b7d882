using System.Data.Common;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>
/// The outbox in a table of MySQL or MariaDB. The server's clock decides. Rows are claimed by their status and never by their number,
/// because they do not become visible in the order of their numbers; the rows of one ordering key have numbers that do, and are
/// claimed in that order.
/// </summary>
internal sealed partial class MySqlOutboxRepository : ILockingOutbox
{
    private readonly MySqlConnections _connections;
    private readonly AfterSending _afterSending;
    private readonly IEntropy _entropy;
    private readonly RetryLoop _retries;
    private readonly MySqlNames _names;
    private readonly OutboxInsert _insert;

    /// <summary>Makes a repository; it may be used by many threads at once.</summary>
    /// <param name="connections">The database.</param>
    /// <param name="options">The names, and what becomes of sent rows.</param>
    /// <param name="time">The clock for the waits between tries; the rows' times are the server's.</param>
    /// <param name="entropy">The source of claim tokens and jitter.</param>
    public MySqlOutboxRepository(MySqlConnections connections, MySqlOptions options, TimeProvider time, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(entropy);
        _connections = connections;
        _afterSending = options.AfterSending;
        _entropy = entropy;
        _retries = connections.Retries(time, entropy);
        _names = new MySqlNames(options);
        _insert = new OutboxInsert(options);
        _search = new OutboxSearch(_names);
        _isClaimable = _search.IsClaimable;
        _marks = new OutboxMarks(_names);
    }

    /// <inheritdoc />
    public bool KeepsOrder => true;

    /// <inheritdoc />
    public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        RowContract.Require(outboxEvent);
        return _retries.RunAsync((_, ct) => FindOrCreateOnceAsync(outboxEvent, ct), cancellationToken);
    }

    /// <inheritdoc />
    public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) => _retries.RunAsync(
        async (_, ct) =>
        {
            await using var connection = await _connections.OpenConnectionAsync(ct);
            return await FindAsync(connection, eventId, ct);
        },
        cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return _retries.RunAsync<IReadOnlyList<OutboxRow>>(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new MySqlCommand(
                    $"SELECT {OutboxColumns.Row} FROM {_names.Outbox} WHERE queue IN (1, 2, 3) ORDER BY enqueued_at, row_id LIMIT @limit",
                    connection);
                command.Parameters.AddWithValue("@limit", limit);
                return await command.ReadCommittedAsync(OutboxRowReader.ReadRow, ct);
            },
            cancellationToken);
    }

    // A row that was there for the insert can be gone for the select: then the insert's turn has come again.
    private async Task<FoundOrCreated> FindOrCreateOnceAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        await using var connection = await _connections.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            var isCreated = await TryInsertAsync(connection, outboxEvent, cancellationToken);
            if (await FindAsync(connection, outboxEvent.EventId, cancellationToken) is { } row)
            {
                return isCreated || row.Event.SaysTheSameAs(outboxEvent)
                    ? new FoundOrCreated(row, isCreated)
                    : throw new EventIdConflictException(outboxEvent.EventId);
            }
        }
    }

    private async Task<bool> TryInsertAsync(MySqlConnection connection, OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        await _connections.PacketLimit.RequireAsync(
            _insert.SizeOf(outboxEvent) + _insert.SizeWithoutRows, connection, transaction: null, cancellationToken);
        await using var command = new MySqlCommand { Connection = connection };
        _insert.Fill(command, [outboxEvent]);
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (MySqlException e) when (_insert.Refusal.IsOfEventId(e))
        {
            return false;
        }
        catch (MySqlException e) when (OutboxRefusal.IsOfNumbers(e))
        {
            throw _insert.Refusal.WithoutNumbers(e);
        }
    }

    private async Task<OutboxRow?> FindAsync(MySqlConnection connection, string eventId, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand($"SELECT {OutboxColumns.Row} FROM {_names.Outbox} WHERE event_id = @id", connection);
        command.Parameters.Add(Parameters.Bytes("@id", eventId));
        return (await command.ReadCommittedAsync(OutboxRowReader.ReadRow, cancellationToken)).SingleOrDefault();
    }

    private static OutboxClaim ReadClaim(DbDataReader row, ClaimLimit limit)
    {
        var claim = OutboxRowReader.ReadClaim(row, limit);
        return claim.Violation is not null || row.IsDBNull(5) || !row.IsDBNull(OutboxRowReader.ClaimColumnCount)
            ? claim
            : claim with
            {
                Event = null,
                Violation = new(
                    ErrorCodes.OrderingKeyInvalid,
                    "The row has an ordering key and no key_number: it was written without the table's trigger. Invoke the Setup function."),
            };
    }
}
