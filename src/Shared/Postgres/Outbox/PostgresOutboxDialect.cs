using System.Data;
using System.Data.Common;
using Npgsql;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>How PostgreSQL takes new rows of the outbox.</summary>
internal sealed class PostgresOutboxDialect(PostgresConnections connections, PostgresOptions options) : IOutboxDialect
{
    // Of payload and result: so a statement stays far below the server's limit of 1 GB.
    private const int CharactersPerStatement = 8 * 1024 * 1024;

    private readonly OutboxInsert _insert = new(options);

    // The app's role reads no rows: a function answers yes or no.
    private readonly string _compare =
        $"""
        SELECT {new PostgresNames(options).IsSame}(m.event_id, m.subject, m.payload)
        FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS m (event_id, subject, payload, position)
        ORDER BY m.position
        """;

    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken) => await connections.OpenConnectionAsync(cancellationToken);

    public void Require(OutboxEvent outboxEvent) => PostgresRowContract.Require(outboxEvent);

    public ValueTask<IReadOnlyList<OutboxEvent[]>> SplitAsync(
        IReadOnlyList<OutboxEvent> events, DbTransaction transaction, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<OutboxEvent[]>>(OutboxChunks.Of(
            events, static outboxEvent => outboxEvent.Payload.Length + (outboxEvent.Result?.Length ?? 0), CharactersPerStatement));

    public async Task InsertAsync(
        IReadOnlyList<OutboxEvent> events, DbTransaction transaction, IReadOnlyList<OutboxEvent>? locked, CancellationToken cancellationToken)
    {
        try
        {
            if (transaction is NpgsqlTransaction npgsql)
            {
                await InsertAsync(events, npgsql, locked, cancellationToken);
            }
            else
            {
                // A transaction that a library wraps takes plain commands alone.
                await using var command = (transaction.Connection ?? throw new TransactionEndedException()).CreateCommand();
                command.Transaction = transaction;
                _insert.Fill(command, events.Single());
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
        }
        catch (DbException e) when (_insert.Refusal.IsOfSequence(e))
        {
            throw _insert.Refusal.BehindRows(e);
        }
    }

    public ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken) =>
        connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);

    public Task InsertAfterOperationAsync(OutboxEvent outboxEvent, DbTransaction transaction, CancellationToken cancellationToken) =>
        InsertAsync([outboxEvent], transaction, locked: null, cancellationToken);

    public async Task<IReadOnlyList<bool?>> CompareAsync(
        IReadOnlyList<OutboxEvent> events, DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_compare, (NpgsqlConnection)connection);
        command.Parameters.Add(Parameters.Texts([.. events.Select(outboxEvent => outboxEvent.EventId)]));
        command.Parameters.Add(Parameters.Texts([.. events.Select(outboxEvent => outboxEvent.Subject)]));
        command.Parameters.Add(Parameters.Texts([.. events.Select(outboxEvent => outboxEvent.Payload)]));
        return await command.ReadCommittedAsync<bool?>(row => row.IsDBNull(0) ? null : row.GetBoolean(0), cancellationToken);
    }

    public bool IsOfEventId(Exception exception) => exception is DbException e && _insert.Refusal.IsOfEventId(e);

    public bool IsOfConstraint(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is PostgresException e)
            {
                return e.SqlState.StartsWith("23", StringComparison.Ordinal);
            }
        }

        return false;
    }

    public bool LeavesOutcomeOpen(Exception exception) => PostgresTransactions.LeavesOutcomeOpen(exception);

    private async Task InsertAsync(
        IReadOnlyList<OutboxEvent> events, NpgsqlTransaction transaction, IReadOnlyList<OutboxEvent>? locked, CancellationToken cancellationToken)
    {
        PostgresTransactions.ThrowIfEnded(transaction);
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        if (locked is not null && _insert.LockKeys(locked) is { } locks)
        {
            batch.BatchCommands.Add(locks);
        }

        batch.BatchCommands.Add(_insert.Create(events));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
