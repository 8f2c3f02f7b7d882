using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;

namespace Relaybox.KillProbe;

/// <summary>The same handler on MongoDB: a write of its own, an enlisted one and an event, each of which shows if it happens twice.</summary>
internal sealed class MongoProbeHandler(string step, IMongoDatabase database, MongoOutboxWriter writer) : IMessageHandler<string>
{
    private const string Effects = "kill_effects";

    public async Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        Die(Steps.HandlerBegun);
        var session = await context.Transaction.GetMongoSessionAsync(cancellationToken);

        // A server keeps the transaction of a dead process for a minute: the test ends it by this.
        if (step != Steps.None)
        {
            Console.WriteLine($"session {session.ServerSession.Id["id"].AsGuid:N}");
        }

        Die(Steps.TransactionBegun);
        await database.GetCollection<BsonDocument>(Effects)
            .InsertOneAsync(session, new BsonDocument("event", context.EventId), cancellationToken: cancellationToken);
        Die(Steps.Written);
        context.Transaction.Enlist((target, own, ct) => target.GetCollection<BsonDocument>(Effects)
            .InsertOneAsync(own, new BsonDocument("event", context.EventId), cancellationToken: ct));
        context.Transaction.Emit(writer.NewEvent("effects.done", $"\"{context.EventId}\"") with { OrderingKey = "effects" });
        Die(Steps.Emitted);
    }

    private void Die(string at)
    {
        if (step == at)
        {
            ProbeHandler.Kill();
        }
    }
}
