namespace Relaybox.Outbox;

/// <summary>The event id is taken by an event with another subject or payload; nothing was written.</summary>
/// <param name="eventId">The id.</param>
public sealed class EventIdConflictException(string eventId)
    : InvalidOperationException(
        $"The event id '{eventId}' is already in the outbox with another subject or payload. " +
        "An id names one event: use a new id for a new event.")
{
    /// <summary>The id that is taken.</summary>
    public string EventId { get; } = eventId;
}
