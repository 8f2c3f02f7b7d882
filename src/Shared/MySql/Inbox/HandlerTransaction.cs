using System.Data;
using System.Data.Common;
using System.Globalization;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>
/// The database transaction of one handler, on a connection of its own. It begins with a savepoint, which ends with it: so the server
/// tells it from any other that a handler may have begun on the same connection.
/// </summary>
internal sealed class HandlerTransaction : SqlHandlerTransaction
{
    // Without autocommit, what a handler writes after it has ended the transaction, or after the server has rolled it back, is not
    // committed by itself.
    private const string KeepOpen = "SET autocommit = 0";

    // What inbox_complete fails with.
    private const string ClaimIsLost = "RB002";

    private readonly MySqlConnections _connections;
    private readonly MySqlConnection _connection;
    private readonly string _savepoint;
    private readonly long _id;
    private bool _isCommitted;

    private HandlerTransaction(
        MySqlConnections connections, MySqlConnection connection, MySqlTransaction transaction, string savepoint, long id)
        : base(connections, connection)
    {
        _connections = connections;
        _connection = connection;
        Transaction = transaction;
        _savepoint = savepoint;
        _id = id;
    }

    internal MySqlTransaction Transaction { get; }

    /// <summary>Whether the handler has ended the transaction by its object, or has closed the connection.</summary>
    internal bool IsEnded => Transaction.Connection is null;

    /// <summary>Whether the connection was lost.</summary>
    internal bool IsBroken => Transaction.Connection is { State: not ConnectionState.Open };

    internal static async Task<HandlerTransaction> BeginAsync(
        MySqlConnections connections, string token, CancellationToken cancellationToken)
    {
        var savepoint = Savepoint(token);
        var connection = await connections.OpenForHandlerAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
            await using var command = new MySqlCommand($"{KeepOpen}; SAVEPOINT {savepoint}; SELECT CONNECTION_ID()", connection, transaction);
            var id = Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
            return new HandlerTransaction(connections, connection, transaction, savepoint, id);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Executes the consumer's own part and commits, in one message to the server where <see cref="HandlerWrites"/> can be sent so: nobody
    /// is waited for in between, and what fails before COMMIT keeps it from being reached.
    /// </summary>
    /// <param name="writes">The writes before the mark.</param>
    /// <param name="mark">Completes the claim.</param>
    /// <param name="cancellationToken">Ends the wait; whether it is committed is then unknown.</param>
    /// <returns>Whether the claim held; otherwise nothing is committed.</returns>
    /// <exception cref="TransactionEndedException">The transaction is no longer the one that was begun.</exception>
    /// <exception cref="RowContractException">An event is larger than a statement may be.</exception>
    internal async Task<bool> CommitAsync(HandlerWrites writes, MySqlBatchCommand mark, CancellationToken cancellationToken)
    {
        if (IsEnded || IsBroken)
        {
            throw new TransactionEndedException();
        }

        // The savepoint is asked for before anything else is written, and set again for what the handler has enlisted.
        var begin = new MySqlBatchCommand($"RELEASE SAVEPOINT {_savepoint}; SAVEPOINT {_savepoint}");
        return _isCommitted = await CommitAsync(
            _connections.PacketLimit, _connection, Transaction, _savepoint, begin, writes, mark, cancellationToken);
    }

    /// <summary>The same where the handler has executed nothing: the whole transaction is sent together.</summary>
    /// <inheritdoc cref="CommitAsync(HandlerWrites, MySqlBatchCommand, CancellationToken)"/>
    internal static async Task<bool> CommitAtOnceAsync(
        MySqlConnections connections, string token, HandlerWrites writes, MySqlBatchCommand mark, CancellationToken cancellationToken)
    {
        var savepoint = Savepoint(token);
        var begin = new MySqlBatchCommand($"{MySqlTransactions.Begin}{KeepOpen}; SAVEPOINT {savepoint}");
        await using var connection = await connections.OpenForHandlerAsync(cancellationToken);
        var isCommitted = false;
        try
        {
            return isCommitted = await CommitAsync(connections.PacketLimit, connection, null, savepoint, begin, writes, mark, cancellationToken);
        }
        finally
        {
            if (!isCommitted)
            {
                await MySqlTransactions.RollBackAsync(connection);
            }
        }
    }

    private static async Task<bool> CommitAsync(
        MySqlPacketLimit packetLimit,
        MySqlConnection connection,
        MySqlTransaction? transaction,
        string savepoint,
        MySqlBatchCommand begin,
        HandlerWrites writes,
        MySqlBatchCommand mark,
        CancellationToken cancellationToken)
    {
        // The savepoint's release fails in every transaction but the one that was begun.
        MySqlBatchCommand[] end = [new($"RELEASE SAVEPOINT {savepoint}"), mark, new("COMMIT")];
        var limit = await packetLimit.RequireAsync(writes.Largest, connection, transaction, cancellationToken);
        try
        {
            foreach (var message in writes.ToMessages(begin, end, limit))
            {
                await using var batch = new MySqlBatch(connection, transaction);
                foreach (var command in message)
                {
                    batch.BatchCommands.Add(command);
                }

                await batch.ExecuteNonQueryAsync(cancellationToken);
            }

            return true;
        }
        catch (MySqlException e) when (MySqlTransactions.IsMissingSavepoint(e, savepoint.Trim('`')))
        {
            throw new TransactionEndedException();
        }
        catch (MySqlException e) when (e.SqlState == ClaimIsLost)
        {
            return false;
        }
    }

    /// <inheritdoc />
    internal override async ValueTask CloseAsync()
    {
        // A connection that the handler has closed is somebody else's by now.
        if (!_isCommitted && IsHeld)
        {
            await RollBackAsync();
        }

        await DisposeConnectionAsync();
    }

    // Also where the handler has ended its transaction: without autocommit, what it has executed after that is another one.
    private async Task RollBackAsync()
    {
        try
        {
            await using var command = new MySqlCommand("ROLLBACK", _connection, Transaction.Connection is null ? null : Transaction);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception)
        {
            // A task of the handler may be using it still. The driver does not expect two at once, and throws whatever comes of it.
            await EndAsync();
        }
    }

    /// <inheritdoc />
    protected override bool IsHeld => _connection.State == ConnectionState.Open;

    /// <inheritdoc />
    protected override DbCommand CreateEnd(DbConnection another) =>
        new MySqlCommand(string.Create(CultureInfo.InvariantCulture, $"KILL CONNECTION {_id}"), (MySqlConnection)another);

    private static string Savepoint(string token) => MySqlIdentifier.Quote($"claim_{token}");
}
