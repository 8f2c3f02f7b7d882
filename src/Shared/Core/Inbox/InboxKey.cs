namespace Relaybox.Inbox;

/// <summary>The key of an inbox record: what one consumer did with one publication of an event.</summary>
/// <param name="Consumer">The consumer.</param>
/// <param name="EventId">The event.</param>
/// <param name="ReplayId">Empty, except where an operator has the event handled again: then the id of that replay.</param>
internal readonly record struct InboxKey(string Consumer, string EventId, string ReplayId = "");
