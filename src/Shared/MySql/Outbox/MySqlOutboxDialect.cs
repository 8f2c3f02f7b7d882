using System.Data;
using System.Data.Common;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>How MySQL and MariaDB take new rows of the outbox.</summary>
internal sealed class MySqlOutboxDialect(MySqlConnections connections, MySqlOptions options) : IOutboxDialect
{
    // It ends with the transaction. Where an operation has ended that by a statement of its own, or the server has rolled it back, the
    // driver's object does not know, and the event would be committed by itself.
    private const string Savepoint = "relaybox_operation";

    private readonly OutboxInsert _insert = new(options);

    // The app's user reads no rows: a procedure answers yes or no.
    private readonly string _compare = $"CALL {new MySqlNames(options).IsSame}(@id, @subject, @payload)";

    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken) => await connections.OpenForHandlerAsync(cancellationToken);

    public void Require(OutboxEvent outboxEvent) => RowContract.Require(outboxEvent);

    public async ValueTask<IReadOnlyList<OutboxEvent[]>> SplitAsync(
        IReadOnlyList<OutboxEvent> events, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var limit = await connections.PacketLimit.RequireAsync(
            events.Max(_insert.SizeOf) + _insert.SizeWithoutRows, ConnectionOf(transaction), transaction, cancellationToken);
        return _insert.Split(events, limit);
    }

    public async Task InsertAsync(
        IReadOnlyList<OutboxEvent> events, DbTransaction transaction, IReadOnlyList<OutboxEvent>? locked, CancellationToken cancellationToken)
    {
        if (locked is not null)
        {
            foreach (var keys in KeyLocks.Of(locked))
            {
                await using var locks = CreateCommand(transaction);
                _insert.FillLock(locks, keys);
                await locks.ExecuteNonQueryAsync(cancellationToken);
            }
        }

        await using var command = CreateCommand(transaction);
        _insert.Fill(command, events);
        await ExecuteInsertAsync(command, cancellationToken);
    }

    public async ValueTask<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await transaction.SaveAsync(Savepoint, cancellationToken);
        return transaction;
    }

    public async Task InsertAfterOperationAsync(OutboxEvent outboxEvent, DbTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = CreateCommand(transaction);
        _insert.Fill(command, [outboxEvent]);
        command.CommandText = $"RELEASE SAVEPOINT {Savepoint}; {command.CommandText}";
        try
        {
            await ExecuteInsertAsync(command, cancellationToken);
        }
        catch (MySqlException e) when (MySqlTransactions.IsMissingSavepoint(e, Savepoint))
        {
            throw new TransactionEndedException();
        }
    }

    public async Task<IReadOnlyList<bool?>> CompareAsync(
        IReadOnlyList<OutboxEvent> events, DbConnection connection, CancellationToken cancellationToken)
    {
        var answers = new List<bool?>(events.Count);
        foreach (var outboxEvent in events)
        {
            await using var command = new MySqlCommand(_compare, (MySqlConnection)connection);
            command.Parameters.Add(Parameters.Bytes("@id", outboxEvent.EventId));
            command.Parameters.AddWithValue("@subject", outboxEvent.Subject);
            command.Parameters.AddWithValue("@payload", outboxEvent.Payload);
            answers.AddRange(await command.ReadCommittedAsync<bool?>(row => row.IsDBNull(0) ? null : row.GetInt32(0) == 1, cancellationToken));
        }

        return answers;
    }

    public bool IsOfEventId(Exception exception) => _insert.Refusal.IsOfEventId(exception);

    public bool IsOfConstraint(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is MySqlException e)
            {
                return e.SqlState?.StartsWith("23", StringComparison.Ordinal) == true;
            }
        }

        return false;
    }

    public bool LeavesOutcomeOpen(Exception exception) => MySqlFaults.LeavesOutcomeOpen(exception);

    private async Task ExecuteInsertAsync(DbCommand command, CancellationToken cancellationToken)
    {
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (DbException e) when (OutboxRefusal.IsOfNumbers(e))
        {
            throw _insert.Refusal.WithoutNumbers(e);
        }
    }

    private static DbCommand CreateCommand(DbTransaction transaction)
    {
        var command = ConnectionOf(transaction).CreateCommand();
        command.Transaction = transaction;
        return command;
    }

    private static DbConnection ConnectionOf(DbTransaction transaction) =>
        transaction.Connection is { State: ConnectionState.Open } connection ? connection : throw new TransactionEndedException();
}
