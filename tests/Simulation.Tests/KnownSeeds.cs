namespace Relaybox.Simulation.Tests;

/// <summary>Seeds that found something once.</summary>
internal static class KnownSeeds
{
    internal static TheoryData<ulong> All { get; } = [1];
}
