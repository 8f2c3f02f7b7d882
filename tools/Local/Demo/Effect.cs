namespace Relaybox.Local.Demo;

/// <summary>What the example handler did for an event.</summary>
/// <param name="Applied">How often; more than once is the fault that the inbox prevents.</param>
/// <param name="AppliedAt">The first time.</param>
internal sealed record Effect(int Applied, DateTimeOffset AppliedAt);
