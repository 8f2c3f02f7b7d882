using System.Data;
using System.Data.Common;
using Npgsql;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>
/// The database transaction of one handler, on a connection of its own. It carries a mark that ends with it, by which the
/// server tells it from any other that a handler may have begun on the same connection.
/// </summary>
internal sealed class HandlerTransaction : SqlHandlerTransaction
{
    private const string Mark = "relaybox.claim";

    // What inbox_complete fails with.
    private const string IsAnother = "RB001";
    private const string ClaimIsLost = "RB002";

    // Ends a transaction whose process is gone without a word, where the server has no such limit of its own: the longest that a
    // function can run.
    private const string WorkingLimit = "900000";

    private static readonly string BeginSql =
        $"""
        SELECT pg_backend_pid(), transaction_timestamp(), set_config('{Mark}', $1, true),
            set_config(
                '{IdleLimit}',
                CASE current_setting('{IdleLimit}') WHEN '0' THEN '{WorkingLimit}' ELSE current_setting('{IdleLimit}') END,
                true)
        """;

    // The transaction's start tells it from a later one of the same server process, which may be somebody else's.
    private const string TerminateSql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND xact_start = $2";

    private const string IdleLimit = "idle_in_transaction_session_timeout";

    private readonly NpgsqlConnection _connection;
    private readonly int _processId;
    private readonly DateTime _begun;

    private HandlerTransaction(
        PostgresConnections connections, NpgsqlConnection connection, NpgsqlTransaction transaction, int processId, DateTime begun)
        : base(connections, connection)
    {
        _connection = connection;
        Transaction = transaction;
        _processId = processId;
        _begun = begun;
    }

    internal NpgsqlTransaction Transaction { get; }

    /// <summary>Whether the connection was lost.</summary>
    internal bool IsBroken => (_connection.FullState & ConnectionState.Broken) != 0;

    /// <summary>A condition that holds in the transaction of a claim, and in no other.</summary>
    internal static string IsOf(string token) => $"current_setting('{Mark}', true) = {token}";

    internal static async Task<HandlerTransaction> BeginAsync(
        PostgresConnections connections, string token, CancellationToken cancellationToken)
    {
        var connection = await connections.OpenForHandlerAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
            await using var command = new NpgsqlCommand(BeginSql, connection, transaction);
            command.Parameters.Add(Parameters.Text(token));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return new HandlerTransaction(connections, connection, transaction, reader.GetInt32(0), reader.GetDateTime(1));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Executes the consumer's own part and commits, in one message to the server: nobody is waited for in between, and what fails
    /// before COMMIT keeps it from being reached.
    /// </summary>
    /// <param name="commands">The writes; the last completes the claim.</param>
    /// <param name="cancellationToken">Ends the wait; whether it is committed is then unknown.</param>
    /// <returns>Whether the claim held; otherwise nothing is committed.</returns>
    /// <exception cref="TransactionEndedException">The handler has ended the transaction.</exception>
    internal async Task<bool> CommitAsync(IEnumerable<NpgsqlBatchCommand> commands, CancellationToken cancellationToken)
    {
        PostgresTransactions.ThrowIfEnded(Transaction);
        await using var batch = new NpgsqlBatch(_connection, Transaction);
        return await CommitAsync(batch, commands, cancellationToken);
    }

    /// <summary>The same where the handler has executed nothing: the whole transaction is one message to the server.</summary>
    /// <inheritdoc cref="CommitAsync(IEnumerable{NpgsqlBatchCommand}, CancellationToken)"/>
    internal static async Task<bool> CommitAtOnceAsync(
        PostgresConnections connections, string token, IEnumerable<NpgsqlBatchCommand> commands, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenForHandlerAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL READ COMMITTED"));
        var mark = new NpgsqlBatchCommand($"SELECT set_config('{Mark}', $1, true)");
        mark.Parameters.Add(Parameters.Text(token));
        batch.BatchCommands.Add(mark);
        return await CommitAsync(batch, commands, cancellationToken);
    }

    private static async Task<bool> CommitAsync(
        NpgsqlBatch batch, IEnumerable<NpgsqlBatchCommand> commands, CancellationToken cancellationToken)
    {
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == IsAnother)
        {
            throw new TransactionEndedException();
        }
        catch (PostgresException e) when (e.SqlState == ClaimIsLost)
        {
            return false;
        }
    }

    /// <inheritdoc />
    /// <remarks>The transaction object is not disposed, so that the driver does not use it again while a handler may still hold it.</remarks>
    internal override async ValueTask CloseAsync()
    {
        if ((_connection.FullState & (ConnectionState.Executing | ConnectionState.Fetching)) != 0)
        {
            await EndAsync();
        }

        await DisposeConnectionAsync();
    }

    /// <inheritdoc />
    protected override DbCommand CreateEnd(DbConnection another)
    {
        var command = new NpgsqlCommand(TerminateSql, (NpgsqlConnection)another);
        command.Parameters.Add(Parameters.Integer(_processId));
        command.Parameters.Add(new() { Value = _begun });
        return command;
    }
}
