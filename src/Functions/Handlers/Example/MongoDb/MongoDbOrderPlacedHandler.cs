using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;

namespace Relaybox.Functions.Handlers.Example;

/// <summary>
/// The worked example where the store is MongoDB: counts how often an order was applied. The update runs in the transaction of the
/// inbox mark, so it commits with the mark or not at all, and the count is 1 however often the message is delivered.
/// </summary>
/// <param name="effects">The collection.</param>
internal sealed class MongoDbOrderPlacedHandler(string effects) : IMessageHandler<OrderPlaced>
{
    /// <inheritdoc />
    public Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        context.Transaction.Enlist((database, session, ct) => database.GetCollection<BsonDocument>(effects).UpdateOneAsync(
            session,
            new BsonDocument("_id", EffectId.Of(context)),
            new BsonDocument
            {
                { "$inc", new BsonDocument("applied", 1) },
                { "$set", new BsonDocument("orderId", message.OrderId) },
                { "$currentDate", new BsonDocument("appliedAt", true) },
            },
            new UpdateOptions { IsUpsert = true },
            ct));
        return Task.CompletedTask;
    }
}
