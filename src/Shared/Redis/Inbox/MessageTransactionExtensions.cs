using Relaybox.Inbox;

namespace Relaybox.Redis;

/// <summary>How a handler enlists writes where the inbox is in Redis.</summary>
public static class MessageTransactionExtensions
{
    /// <summary>
    /// Enlists a write. One script executes it with the mark of the message, the other writes and the emitted events when the handler has
    /// returned: all of it, or nothing. Enlisted writes are executed in their order. Where one cannot be executed (a key of another type, a
    /// value that is no whole number, a sum of more than 64 bits), the attempt fails and nothing is written.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="write">The write. Its key needs the hash tag that <see cref="GetRedisTag"/> gives, such as <c>user:{relaybox:0}:7</c>.</param>
    /// <exception cref="ArgumentException">The key does not have the hash tag, or begins with it.</exception>
    /// <exception cref="InvalidOperationException">
    /// The inbox is not in Redis, or there are <see cref="RedisCommands.MaxCommands"/> writes and conditions already.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The handler's time is over.</exception>
    public static void Enlist(this IMessageTransaction transaction, RedisWrite write) => Own(transaction).Enlist(write);

    /// <summary>
    /// Makes all that is enlisted and emitted depend on a condition. It is looked at before the first write; where it does not hold, the
    /// attempt fails and nothing is written.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="condition">The condition. Its key needs the hash tag that <see cref="GetRedisTag"/> gives.</param>
    /// <inheritdoc cref="Enlist" path="/exception"/>
    public static void Require(this IMessageTransaction transaction, RedisCondition condition) => Own(transaction).Require(condition);

    /// <summary>
    /// The hash tag, with its braces, that the keys of enlisted writes need: that of the bucket of the message's ordering key, or of its
    /// event id where it has none.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <exception cref="InvalidOperationException">The inbox is not in Redis.</exception>
    public static string GetRedisTag(this IMessageTransaction transaction) => Own(transaction).Tag;

    private static RedisInboxTransaction Own(IMessageTransaction transaction) => transaction as RedisInboxTransaction
        ?? throw new InvalidOperationException("Writes to Redis can be enlisted only where the inbox is in Redis (STORE=redis).");
}
