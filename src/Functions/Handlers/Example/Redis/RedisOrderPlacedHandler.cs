using Relaybox.Inbox;
using Relaybox.Redis;

namespace Relaybox.Functions.Handlers.Example;

/// <summary>
/// The worked example where the store is Redis: counts how often an order was applied, in a hash of its own. The writes are enlisted: one
/// script executes them with the inbox mark or not at all, and the count is 1 however often the message is delivered.
/// </summary>
/// <param name="prefix">What the keys begin with.</param>
/// <param name="time">The clock.</param>
internal sealed class RedisOrderPlacedHandler(string prefix, TimeProvider time) : IMessageHandler<OrderPlaced>
{
    /// <inheritdoc />
    public Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        // What is written together lies in one slot of a cluster: the tag sees to that.
        var key = $"{prefix}:{context.Transaction.GetRedisTag()}:{EffectId.Of(context)}";
        context.Transaction.Enlist(RedisWrite.HashIncrement(key, "applied"));
        context.Transaction.Enlist(RedisWrite.HashSet(key, "orderId", message.OrderId));
        context.Transaction.Enlist(RedisWrite.HashSet(key, "appliedAt", time.GetUtcNow().ToUnixTimeMilliseconds()));
        return Task.CompletedTask;
    }
}
