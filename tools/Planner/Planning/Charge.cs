namespace Relaybox.Planner.Planning;

/// <summary>What something costs in a month.</summary>
/// <param name="Name">What.</param>
/// <param name="Dollars">US dollars.</param>
internal sealed record Charge(string Name, double Dollars);
