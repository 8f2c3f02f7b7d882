namespace Relaybox.Simulation.Mutants;

/// <summary>Whether a planted bug was found.</summary>
/// <param name="Name">The bug.</param>
/// <param name="Seed">The first seed that found it; null: none did.</param>
/// <param name="Invariant">What did not hold.</param>
internal sealed record MutantResult(string Name, string? Seed, string Invariant);
