using Relaybox.Events;

namespace Relaybox.Messaging;

/// <summary>An event of a flow.</summary>
/// <param name="Number">Its number there.</param>
/// <param name="Event">The event.</param>
internal readonly record struct FlowingEvent(int Number, OutboxEvent Event);
