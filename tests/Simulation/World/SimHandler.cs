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
        var transaction = (ModelInboxTransaction)context.Transaction;
        transaction.Enlist($"{consumer}:{context.EventId}");
        if (written.Emits && consumer == "billing")
        {
            transaction.Emit(new OutboxEvent { EventId = $"mail-{context.EventId}", Subject = "mails.requested", Payload = message });
        }

        if (written.IsPoison || Strikes("handler throws"))
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

    private bool Strikes(string what) => world.Strikes(process, what, 0.4);
}
