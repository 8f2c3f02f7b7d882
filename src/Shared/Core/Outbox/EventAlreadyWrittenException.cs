namespace Relaybox.Outbox;

/// <summary>
/// This very event, with this subject and payload, is in the outbox already: the operation that it belongs to was done by an earlier
/// call. This call has written nothing, and need not be repeated.
/// </summary>
public sealed class EventAlreadyWrittenException : EventIdTakenException
{
    /// <summary>One event is there.</summary>
    /// <param name="eventId">Its id.</param>
    /// <param name="innerException">What the store answered.</param>
    public EventAlreadyWrittenException(string eventId, Exception? innerException)
        : base(
            eventId,
            $"The event '{eventId}' is already in the outbox, with this subject and payload: an earlier call has done the operation. " +
            "This call has written nothing. Go on as after a success.",
            innerException)
    {
    }

    /// <summary>All of many events are there.</summary>
    /// <param name="events">How many there are.</param>
    /// <param name="innerException">What the store answered.</param>
    public EventAlreadyWrittenException(int events, Exception? innerException)
        : base(
            null,
            $"All of these {events} events are already in the outbox, with these subjects and payloads: an earlier call has written them. " +
            "This call has written nothing. Go on as after a success.",
            innerException)
    {
    }
}
