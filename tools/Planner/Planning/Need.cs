namespace Relaybox.Planner.Planning;

/// <summary>How many of something a rate needs.</summary>
/// <param name="Name">What.</param>
/// <param name="Count">How many, whole ones.</param>
internal sealed record Need(string Name, double Count);
