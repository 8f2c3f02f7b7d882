namespace Relaybox.Simulation.Tests;

/// <summary>Tests that use both cores, one after the other.</summary>
[CollectionDefinition(nameof(LongTests), DisableParallelization = true)]
public sealed class LongTests;
