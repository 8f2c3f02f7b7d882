namespace Relaybox.Outbox;

/// <summary>
/// The event id is in the outbox already; nothing was written. The two subclasses say more: <see cref="EventAlreadyWrittenException"/>
/// where it is this very event, <see cref="EventIdConflictException"/> where it is another. This class itself is thrown where
/// the row that is there could not be compared.
/// </summary>
public class EventIdTakenException : InvalidOperationException
{
    private const string Advice =
        "Find out whether the operation was done, by what it writes, before you repeat it. " +
        "With PostgreSQL, Setup gives the app the right to compare.";

    /// <summary>One id is taken, and it is not known by which event.</summary>
    /// <param name="eventId">The id.</param>
    /// <param name="innerException">What the store answered.</param>
    public EventIdTakenException(string eventId, Exception? innerException)
        : this(
            eventId,
            $"The event id '{eventId}' is already in the outbox, or twice in this transaction, and the row could not be compared with " +
            $"this event; nothing was written. {Advice}",
            innerException)
    {
    }

    /// <summary>One or more of many ids are taken, and it is not known by which events.</summary>
    /// <param name="events">How many there are.</param>
    /// <param name="innerException">What the store answered.</param>
    public EventIdTakenException(int events, Exception? innerException)
        : this(
            null,
            $"The ids of some of these {events} events, but not of all, are already in the outbox, or two of them have one id, or the " +
            $"rows could not be compared; nothing was written. {Advice}",
            innerException)
    {
    }

    private protected EventIdTakenException(string? eventId, string message, Exception? innerException)
        : base(message, innerException) => EventId = eventId;

    /// <summary>Says of refused events that were compared with the rows of their ids, and of which none differs, what is known of them.</summary>
    /// <param name="eventId">The id of the first.</param>
    /// <param name="events">How many there are.</param>
    /// <param name="same">Of how many the row says the same.</param>
    /// <param name="refusal">What the store answered.</param>
    internal static EventIdTakenException Of(string eventId, int events, int same, Exception refusal) => (events, same == events) switch
    {
        (1, true) => new EventAlreadyWrittenException(eventId, refusal),
        (1, false) => new EventIdTakenException(eventId, refusal),
        (_, true) => new EventAlreadyWrittenException(events, refusal),
        _ => new EventIdTakenException(events, refusal),
    };

    /// <summary>The id that is taken; null where it is one of many, or all of many.</summary>
    public string? EventId { get; }
}
