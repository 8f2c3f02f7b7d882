using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Simulation.Engine;

namespace Relaybox.Simulation.World;

/// <summary>A publisher to the model stream: one acknowledgement per message, deduplicated by id for a while.</summary>
internal sealed class StreamPublisher(World world, SimProcess process) : IFlowPublisher
{
    public async Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken) =>
        await Task.WhenAll(events.Select(e => PublishAsync(e, cancellationToken)));

    public async Task PublishAsync(IEventFlow flow, CancellationToken cancellationToken)
    {
        var sending = new List<Task<(int Number, PublishOutcome Outcome)>>();
        while (true)
        {
            sending.AddRange(flow.Take().Select(SendAsync));
            if (sending.Count == 0)
            {
                return;
            }

            var done = await Task.WhenAny(sending);
            sending.Remove(done);
            var (number, outcome) = await done;
            flow.Answer(number, outcome);
        }

        async Task<(int Number, PublishOutcome Outcome)> SendAsync(FlowingEvent next) =>
            (next.Number, await PublishAsync(next.Event, cancellationToken));
    }

    private async Task<PublishOutcome> PublishAsync(OutboxEvent e, CancellationToken cancellationToken)
    {
        await world.PublishFatalAsync(process, [e.EventId]);
        try
        {
            return await world.Wire.CallAsync(process, $"stream.publish {e.EventId}", () => Take(e), cancellationToken, outcome => Tell(e, outcome));
        }
        catch (HttpRequestException) when (process.NextDouble() < 0.5)
        {
            return PublishOutcome.Unavailable("no connection");
        }
        catch (Exception)
        {
            world.Checker.Of(e.EventId).Refusals++;
            return PublishOutcome.Unknown("no answer");
        }
    }

    private PublishOutcome Take(OutboxEvent e)
    {
        var isRefused = world.Checker.Of(e.EventId).Written.IsRefused;
        if (isRefused || world.Strikes(process, "stream refuses a message", 0.3))
        {
            return isRefused || world.Dice.Chance(0.2)
                ? PublishOutcome.Rejected(ErrorCodes.PublishRejected, "no")
                : PublishOutcome.Unknown("not now");
        }

        world.Published(e);
        world.Stream.Publish(e.PublicationId, e, world.Loop.Now);
        return PublishOutcome.Accepted;
    }

    private void Tell(OutboxEvent e, PublishOutcome outcome)
    {
        var fate = world.Checker.Of(e.EventId);
        if (outcome.Status == PublishStatus.Accepted)
        {
            fate.IsAcknowledged = true;
        }
        else
        {
            fate.Refusals++;
            fate.IsRejected |= outcome.Status == PublishStatus.Rejected;
        }
    }
}
