using Relaybox.Simulation.Mutants;
using Relaybox.Simulation.World;

namespace Relaybox.Simulation.Tests;

[Collection(nameof(LongTests))]
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_planted_bug_is_found()
    {
        var results = MutantRun.Run();
        output.WriteLine(MutantRun.Table(results));
        Assert.True(results.Count > 25);
        Assert.Empty(results.Skip(1).Where(result => result.Seed is null).Select(result => $"{result.Name}: {result.Invariant}"));

        // With no bug switched on the other process does to the letter what this one does.
        ulong hash = 0;
        for (ulong seed = 1; seed <= MutantRun.CleanSeeds; seed++)
        {
            hash = MutantRun.Combine(hash, Simulator.Run(seed).Hash);
        }

        Assert.Equal($"{MutantRun.CleanSeeds} seeds held, hash {hash:x}", results[0].Invariant);
    }
}
