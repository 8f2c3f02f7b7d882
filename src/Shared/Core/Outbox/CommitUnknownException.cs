namespace Relaybox.Outbox;

/// <summary>
/// The answer to a commit did not come: the outcome is unknown. The business data and the event are both written, or neither
/// is. To find out, look for what the operation writes, or make the same call again with the same event (id, subject and payload): it
/// does both, or says by an <see cref="EventAlreadyWrittenException"/> that both were done, and then writes nothing. Repeat it
/// soon: the id is remembered only while its row is in the outbox (see <see cref="AfterSending"/>).
/// </summary>
/// <param name="eventId">The event's id.</param>
/// <param name="innerException">What came instead of the answer: a broken connection, a server that ended, or the caller's cancellation.</param>
public sealed class CommitUnknownException(string eventId, Exception innerException) : Exception(
    $"The outcome is unknown: no answer came to the commit of event {eventId}. The business data and the event are both written, or neither is. "
    + "Make the same call again with the same event: it does both, or says by an EventAlreadyWrittenException that both were done.",
    innerException)
{
    /// <summary>The event's id.</summary>
    public string EventId { get; } = eventId;
}
