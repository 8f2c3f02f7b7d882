namespace Relaybox.Operations;

/// <summary>A part that an operator has paused.</summary>
/// <param name="Part">The part.</param>
/// <param name="Since">Since when.</param>
/// <param name="Caller">By whom, as the caller names itself.</param>
/// <param name="Reason">Why.</param>
internal sealed record Pause(PausablePart Part, DateTimeOffset Since, string Caller, string Reason);
