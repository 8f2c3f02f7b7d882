using Npgsql;
using Relaybox.Inbox;

namespace Relaybox.Postgres;

/// <summary>How a handler enlists writes where the inbox is in PostgreSQL.</summary>
public static class MessageTransactionExtensions
{
    /// <summary>
    /// Enlists a statement that needs no answer. It is sent with the mark and the commit, in one message, when the handler has
    /// returned: so a handler that does all of its writes this way costs no round trip of its own, and holds no connection while it
    /// works. Enlisted statements run in their order, after what was executed in <see cref="GetNpgsqlTransactionAsync"/>'s transaction
    /// and before the emitted events are written.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="command">
    /// One statement with its parameters, which is the consumer's from now on; it must not end the transaction. If it breaks a
    /// constraint, or raises an exception of its own, the attempt fails and nothing is written.
    /// </param>
    /// <exception cref="InvalidOperationException">The inbox is not in PostgreSQL.</exception>
    /// <exception cref="ObjectDisposedException">The handler's time is over.</exception>
    public static void Enlist(this IMessageTransaction transaction, NpgsqlBatchCommand command)
    {
        if (transaction is not PostgresInboxTransaction postgres)
        {
            throw new InvalidOperationException(
                "An NpgsqlBatchCommand can be enlisted only where the inbox is in PostgreSQL (STORE=postgres).");
        }

        postgres.Enlist(command);
    }

    /// <summary>
    /// The database transaction in which the message is marked as processed. It is opened by the first call, on a
    /// connection of its own; what is executed in it, through <see cref="NpgsqlTransaction.Connection"/>, commits together
    /// with the mark and the emitted events, or not at all.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// The transaction. It is the consumer's: never commit, roll back or dispose it, nor its connection, and do not use it after
    /// the handler has returned.
    /// </returns>
    /// <exception cref="InvalidOperationException">The inbox is not in PostgreSQL.</exception>
    /// <exception cref="ObjectDisposedException">The handler's time is over.</exception>
    public static ValueTask<NpgsqlTransaction> GetNpgsqlTransactionAsync(
        this IMessageTransaction transaction, CancellationToken cancellationToken = default) =>
        transaction is PostgresInboxTransaction postgres
            ? postgres.GetTransactionAsync(cancellationToken)
            : throw new InvalidOperationException(
                "There is a PostgreSQL transaction only where the inbox is in PostgreSQL (STORE=postgres).");
}
