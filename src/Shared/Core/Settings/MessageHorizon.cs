namespace Relaybox.Settings;

/// <summary>For how long a message can come back. The inbox has to remember its events for at least as long.</summary>
/// <param name="Length">How long.</param>
/// <param name="Reason">The settings that it follows from, for an error.</param>
internal readonly record struct MessageHorizon(TimeSpan Length, string Reason);
