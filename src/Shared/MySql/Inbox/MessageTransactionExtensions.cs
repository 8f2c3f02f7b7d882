using MySqlConnector;
using Relaybox.Inbox;

namespace Relaybox.MySql;

/// <summary>How a handler enlists writes where the inbox is in MySQL or MariaDB.</summary>
public static class MessageTransactionExtensions
{
    /// <summary>
    /// Enlists a statement that needs no answer. It is sent with the mark and the commit, in one message, when the handler has
    /// returned: so a handler that does all of its writes this way costs no round trip of its own, and holds no connection while it
    /// works. Enlisted statements run in their order, after what was executed in <see cref="GetMySqlTransactionAsync"/>'s transaction
    /// and before the emitted events are written. Where the server rolls a transaction of enlisted statements alone back, because of a
    /// deadlock, they are executed again.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="command">
    /// One statement with its parameters, which is the consumer's from now on; it must not end the transaction, as every statement does
    /// that changes a schema. If it breaks a constraint, or signals a condition of its own, the attempt fails and nothing is written.
    /// </param>
    /// <exception cref="InvalidOperationException">The inbox is not in MySQL or MariaDB.</exception>
    /// <exception cref="ObjectDisposedException">The handler's time is over.</exception>
    public static void Enlist(this IMessageTransaction transaction, MySqlBatchCommand command)
    {
        if (transaction is not MySqlInboxTransaction mySql)
        {
            throw new InvalidOperationException(
                "A MySqlBatchCommand can be enlisted only where the inbox is in MySQL or MariaDB (STORE=mysql).");
        }

        mySql.Enlist(command);
    }

    /// <summary>
    /// The database transaction in which the message is marked as processed. It is opened by the first call, on a
    /// connection of its own; what is executed in it, through <see cref="MySqlTransaction.Connection"/>, commits together
    /// with the mark and the emitted events, or not at all.
    /// </summary>
    /// <remarks>
    /// A statement that fails does not end a transaction of this server: a handler that goes on after it commits the others. The server
    /// rolls the transaction back where it has chosen it to end a deadlock: then the attempt fails, whether the handler has gone on
    /// or not.
    /// </remarks>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// The transaction. It is the consumer's: never commit, roll back or dispose it, nor its connection, and do not use it after
    /// the handler has returned. A statement that changes a schema commits it.
    /// </returns>
    /// <exception cref="InvalidOperationException">The inbox is not in MySQL or MariaDB.</exception>
    /// <exception cref="ObjectDisposedException">The handler's time is over.</exception>
    public static ValueTask<MySqlTransaction> GetMySqlTransactionAsync(
        this IMessageTransaction transaction, CancellationToken cancellationToken = default) =>
        transaction is MySqlInboxTransaction mySql
            ? mySql.GetTransactionAsync(cancellationToken)
            : throw new InvalidOperationException(
                "There is a MySQL transaction only where the inbox is in MySQL or MariaDB (STORE=mysql).");
}
