using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Benchmarks.Stores;

/// <summary>A broker that accepts everything at once.</summary>
internal sealed class NoOpPublisher : IMessagePublisher
{
    public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        var outcomes = new PublishOutcome[events.Count];
        Array.Fill(outcomes, PublishOutcome.Accepted);
        return Task.FromResult<IReadOnlyList<PublishOutcome>>(outcomes);
    }
}
