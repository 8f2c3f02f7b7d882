using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Shared.Tests.Support;

/// <summary>Gives events one by one to another publisher, and answers each as soon as that one does.</summary>
internal sealed class FlowingPublisher(IMessagePublisher inner) : IFlowPublisher
{
    public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken) =>
        inner.PublishAsync(events, cancellationToken);

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
            (next.Number, (await inner.PublishAsync([next.Event], cancellationToken))[0]);
    }
}
