using Relaybox.Simulation.World;

namespace Relaybox.Simulation.Tests;

[Collection(nameof(LongTests))]
public sealed class SeedTests(ITestOutputHelper output)
{
    private const ulong Seeds = 10_000;

    public static TheoryData<ulong> Known => KnownSeeds.All;

    [Fact]
    public void Ten_thousand_seeds_keep_every_invariant()
    {
        // A seed needs one thread, and two have nothing to do with each other.
        var failed = new List<ulong>();
        var tally = new Tally();
        Parallel.For(1, (long)Seeds + 1, new ParallelOptions { MaxDegreeOfParallelism = 2 }, seed =>
        {
            var outcome = Simulator.Run((ulong)seed);
            lock (tally)
            {
                tally.Add(outcome);
                if (outcome.Violation is not null)
                {
                    failed.Add(outcome.Seed);
                }
            }
        });

        output.WriteLine($"{tally}");
        Assert.True(failed.Count == 0, string.Join("\n\n", failed.Take(3).Select(Report.Of)));

        // What never happens is not tested.
        foreach (var what in (string[])[
            "published again", "Failed", "Pending", "cleaned", "locked", "dead by redrive", "dead message.attempts-exhausted",
            "dead letters deleted", "successes", "failed forgotten",
            "write conflicts", "writes that change nothing", "failovers", "commits that came again",
        ])
        {
            Assert.True(tally.Count(what) > 1000, $"{what}: {tally.Count(what)}");
        }
    }

    [Theory]
    [MemberData(nameof(Known))]
    public void A_seed_that_found_something_once_finds_nothing_any_more(ulong seed) =>
        Assert.True(Simulator.Run(seed).Violation is null, Report.Of(seed));

    [Fact]
    public void The_same_seed_does_the_same()
    {
        for (ulong seed = 1; seed <= 50; seed++)
        {
            Assert.Equal(Simulator.Run(seed).Hash, Simulator.Run(seed).Hash);
        }
    }
}
