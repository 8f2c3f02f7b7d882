using Relaybox.Inbox;

namespace Relaybox.Functions.Handlers.Example;

/// <summary>The id of the example's effect: a replay that has an event handled again has an effect of its own.</summary>
internal static class EffectId
{
    /// <summary>The event's id, and behind it that of a replay.</summary>
    internal static string Of(MessageContext context) => context.ReplayId.Length == 0 ? context.EventId : $"{context.EventId}~{context.ReplayId}";
}
