using Relaybox.Simulation.Engine;

namespace Relaybox.Simulation.World;

/// <summary>How a run ended.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Options">What it made of the world.</param>
/// <param name="Violation">What did not hold; null where everything did.</param>
/// <param name="Hash">The hash of everything that happened.</param>
/// <param name="Steps">How many steps there were.</param>
/// <param name="Faults">What went wrong.</param>
/// <param name="Lines">What happened, where the text was kept.</param>
internal sealed record Outcome(
    ulong Seed,
    WorldOptions Options,
    InvariantException? Violation,
    ulong Hash,
    long Steps,
    IReadOnlyList<FaultPoint> Faults,
    IReadOnlyList<string> Lines)
{
    /// <summary>How often what happened.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; init; } = new Dictionary<string, long>();
}
