using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Benchmarks.Stores;

/// <summary>A broker that accepts everything at once, and says when it was given what.</summary>
internal sealed class ProbePublisher(LatencyProbe probe) : IMessagePublisher
{
    private readonly NoOpPublisher _accepting = new();

    public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        foreach (var message in events)
        {
            probe.Handled(message.EventId);
        }

        return _accepting.PublishAsync(events, cancellationToken);
    }
}
