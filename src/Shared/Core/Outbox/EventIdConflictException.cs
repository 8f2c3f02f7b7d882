namespace Relaybox.Outbox;

/// <summary>The event id is taken by an event with another subject or payload; nothing was written.</summary>
public sealed class EventIdConflictException : EventIdTakenException
{
    /// <summary>The id is taken by another event.</summary>
    /// <param name="eventId">The id.</param>
    public EventIdConflictException(string eventId)
        : this(eventId, null)
    {
    }

    /// <summary>The id is taken by another event.</summary>
    /// <param name="eventId">The id.</param>
    /// <param name="innerException">What the store answered.</param>
    public EventIdConflictException(string eventId, Exception? innerException)
        : base(
            eventId,
            $"The event id '{eventId}' is already in the outbox with another subject or payload; nothing was written. " +
            "An id names one event: use a new id for a new event.",
            innerException)
    {
    }
}
