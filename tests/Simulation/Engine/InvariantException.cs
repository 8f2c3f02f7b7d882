namespace Relaybox.Simulation.Engine;

/// <summary>An invariant does not hold.</summary>
/// <param name="invariant">Which: S1 to S11, L1 to L3, or the simulation's own.</param>
/// <param name="what">What was seen.</param>
internal sealed class InvariantException(string invariant, string what) : Exception($"{invariant}: {what}")
{
    internal string Invariant { get; } = invariant;
}
