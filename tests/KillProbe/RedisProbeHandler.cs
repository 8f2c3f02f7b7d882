using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Redis;

namespace Relaybox.KillProbe;

/// <summary>The same handler on Redis: two enlisted writes and an event, each of which shows if it happens twice.</summary>
internal sealed class RedisProbeHandler(string step) : IMessageHandler<string>
{
    public Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        Die(Steps.HandlerBegun);
        var effects = $"{RedisSteps.Effects}{context.Transaction.GetRedisTag()}:{context.EventId}";
        context.Transaction.Enlist(RedisWrite.Increment(effects));
        Die(Steps.Written);
        context.Transaction.Enlist(RedisWrite.Increment(effects));
        context.Transaction.Emit(new OutboxEvent
        {
            EventId = Guid.NewGuid().ToString(), Subject = "effects.done", Payload = $"\"{context.EventId}\"", OrderingKey = context.OrderingKey,
        });
        Die(Steps.Emitted);
        return Task.CompletedTask;
    }

    private void Die(string at)
    {
        if (step == at)
        {
            ProbeHandler.Kill();
        }
    }
}
