using MongoDB.Driver;
using Relaybox.Inbox;

namespace Relaybox.MongoDb;

/// <summary>How a handler enlists writes where the inbox is in MongoDB.</summary>
public static class MessageTransactionExtensions
{
    private const string IsElsewhere = "only where the inbox is in MongoDB (STORE=mongodb).";

    /// <summary>
    /// Enlists writes that need no answer. They are executed with the mark, in one transaction, when the handler has returned: so a
    /// handler that does all of its writes this way holds no transaction while it works. Where the transaction meets another one, all of
    /// it is executed again. Enlisted writes run in their order, and before the emitted events are written.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="write">
    /// Writes with the database and the session that it is given; the database is the inbox's. It may be called more than once, and must not
    /// end the transaction. If it breaks a unique index or a validator, the attempt fails and nothing is written.
    /// </param>
    /// <exception cref="InvalidOperationException">The inbox is not in MongoDB.</exception>
    /// <exception cref="ObjectDisposedException">The handler's time is over.</exception>
    public static void Enlist(
        this IMessageTransaction transaction, Func<IMongoDatabase, IClientSessionHandle, CancellationToken, Task> write)
    {
        if (transaction is not MongoInboxTransaction mongo)
        {
            throw new InvalidOperationException($"Writes with a MongoDB session can be enlisted {IsElsewhere}");
        }

        mongo.Enlist(write);
    }

    /// <summary>
    /// The session in whose transaction the message is marked as processed. The transaction is begun by the first call; what is
    /// executed with the session commits together with the mark and the emitted events, or not at all. Where it meets another
    /// transaction (WriteConflict), the attempt ends without being counted, and the message comes again.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// The session. It is the consumer's: never commit, abort or dispose it, and do not use it after the handler has returned.
    /// </returns>
    /// <exception cref="InvalidOperationException">The inbox is not in MongoDB.</exception>
    /// <exception cref="ObjectDisposedException">The handler's time is over.</exception>
    public static ValueTask<IClientSessionHandle> GetMongoSessionAsync(
        this IMessageTransaction transaction, CancellationToken cancellationToken = default) =>
        transaction is MongoInboxTransaction mongo
            ? mongo.GetSessionAsync(cancellationToken)
            : throw new InvalidOperationException($"There is a MongoDB session {IsElsewhere}");
}
