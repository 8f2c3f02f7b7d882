namespace Relaybox.Simulation.Mutants;

/// <summary>A bug that is planted to see whether it is found.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="File">Where, from the repository's root.</param>
/// <param name="Right">The text that is there; it must be there once.</param>
/// <param name="Wrong">What it becomes; PLANTED is whether the bug is switched on.</param>
internal sealed record Mutation(string Name, string File, string Right, string Wrong);
