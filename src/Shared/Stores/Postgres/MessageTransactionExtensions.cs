using Npgsql;
using Relaybox.Inbox;

namespace Relaybox.Stores.Postgres;

/// <summary>How a handler enlists writes where the inbox is in PostgreSQL.</summary>
public static class MessageTransactionExtensions
{
    /// <summary>
    /// The database transaction in which the message is marked as processed. It is opened by the first call, on a
    /// connection of its own; what is executed in it, through <see cref="NpgsqlTransaction.Connection"/>, commits together
    /// with the mark and the emitted events, or not at all.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The transaction. It is the consumer's: never commit, roll back or dispose it, nor its connection, and do not use it after the handler has returned.</returns>
    /// <exception cref="InvalidOperationException">The inbox is not in PostgreSQL.</exception>
    /// <exception cref="ObjectDisposedException">The handler's time is over.</exception>
    public static ValueTask<NpgsqlTransaction> GetNpgsqlTransactionAsync(
        this IMessageTransaction transaction, CancellationToken cancellationToken = default) =>
        transaction is PostgresInboxTransaction postgres
            ? postgres.GetTransactionAsync(cancellationToken)
            : throw new InvalidOperationException(
                "There is a PostgreSQL transaction only where the inbox is in PostgreSQL (OUTBOX_STORE=postgres).");
}
