namespace Relaybox.Outbox;

/// <summary>The event id is taken by an event with another subject or payload; nothing was written.</summary>
public sealed class EventIdConflictException : InvalidOperationException
{
    /// <summary>One id is taken.</summary>
    /// <param name="eventId">The id.</param>
    public EventIdConflictException(string eventId)
        : base(
            $"The event id '{eventId}' is already in the outbox with another subject or payload. " +
            "An id names one event: use a new id for a new event.") => EventId = eventId;

    /// <summary>One of many ids is taken, and the store does not tell which.</summary>
    /// <param name="events">How many there are.</param>
    public EventIdConflictException(int events)
        : base(
            $"The event id of one of these {events} events is already in the outbox, or there are two of one id. " +
            "An id names one event: use a new id for a new event.")
    {
    }

    /// <summary>The id that is taken; null where it is one of many.</summary>
    public string? EventId { get; }
}
