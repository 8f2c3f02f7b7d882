namespace Relaybox.MongoDb;

/// <summary>The id of an event is taken, as the unique index of the ids says. The transaction has ended.</summary>
/// <param name="eventId">The id.</param>
internal sealed class EventIdRefusedException(string eventId) : Exception("The event id is taken.")
{
    internal string EventId { get; } = eventId;
}
