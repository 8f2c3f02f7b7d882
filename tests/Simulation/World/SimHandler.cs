using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.World;

/// <summary>A user's handler: one effect, now and then an event of its own; it throws, is slow, hangs, and ends its process.</summary>
internal sealed class SimHandler(World world, SimProcess process, string consumer) : IMessageHandler<string>
{
    public async Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken)
    {
        world.Check(() => world.Checker.Handling(consumer, message, context));
        var written = world.Checker.Of(context.EventId).Written;
        var transaction = (IModelTransaction)context.Transaction;
        var session = context.Transaction as MongoInboxTransaction;
        var effect = $"{Checker.NameOf(consumer, context.ReplayId)}:{context.EventId}";
        if (session is not null && process.NextDouble() < 0.5)
        {
            await session.WriteAsync(effect, cancellationToken);
        }
        else
        {
            transaction.Enlist(effect);
        }

        if (written.Emits && consumer == "billing" && context.ReplayId.Length == 0)
        {
            transaction.Emit(new OutboxEvent { EventId = $"mail-{context.EventId}", Subject = "mails.requested", Payload = message });
        }

        if (written.IsSwallowed && session is not null)
        {
            await SwallowAsync(session, cancellationToken);
            return;
        }

        if (written.IsPoison || (written.IsBroken && !world.AreHandlersMended) || Strikes("handler throws"))
        {
            throw new InvalidOperationException("The handler does not like it.");
        }

        if (Strikes("handler is slow"))
        {
            await process.SleepAsync(world.Faults.LongPause(), cancellationToken);
        }

        if (Strikes("handler hangs"))
        {
            await process.SleepAsync(TimeSpan.FromMinutes(6), CancellationToken.None);
        }

        if (Strikes("handler ends its process"))
        {
            world.Wire.Crash(process);
            await new TaskCompletionSource().Task;
        }

        if (Strikes("handler's condition fails"))
        {
            transaction.EnlistImpossible();
        }
    }

    private static async Task SwallowAsync(MongoInboxTransaction session, CancellationToken cancellationToken)
    {
        try
        {
            await session.RefuseAsync(cancellationToken);
        }
        catch (MongoFailure e) when (e.Code == MongoFailure.DuplicateKey)
        {
            // As if nothing had happened; the transaction has ended.
        }
    }

    private bool Strikes(string what) => world.Strikes(process, what, 0.4);
}
