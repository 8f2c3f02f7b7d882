using Relaybox.Events;

namespace Relaybox.Messaging;

/// <summary>Sends events to a broker.</summary>
internal interface IMessagePublisher
{
    /// <summary>
    /// Sends a batch and says of each event what became of it. One event's outcome never depends on another's content.
    /// Failures are outcomes, not exceptions.
    /// </summary>
    /// <param name="events">The events; each keeps the row contract.</param>
    /// <param name="cancellationToken">Ends the wait; what has no answer by then is <see cref="PublishStatus.Unavailable"/>.</param>
    /// <returns>One outcome per event, in the order of <paramref name="events"/>.</returns>
    Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken);
}
