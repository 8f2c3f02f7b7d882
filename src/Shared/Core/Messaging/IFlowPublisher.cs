namespace Relaybox.Messaging;

/// <summary>
/// A publisher that answers each event as soon as it can, and takes up what may follow it meanwhile: a slow answer holds up
/// only what waits for it. With any other publisher all wait for the slowest answer.
/// </summary>
internal interface IFlowPublisher : IMessagePublisher
{
    /// <summary>Sends events until none is left to be taken, and answers each that it took.</summary>
    /// <param name="flow">The events.</param>
    /// <param name="cancellationToken">Ends the wait; what has no answer by then is <see cref="PublishStatus.Unavailable"/>.</param>
    Task PublishAsync(IEventFlow flow, CancellationToken cancellationToken);
}
