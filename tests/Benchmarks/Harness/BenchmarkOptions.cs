namespace Relaybox.Benchmarks.Harness;

/// <summary>How long to measure.</summary>
internal sealed record BenchmarkOptions
{
    /// <summary>How often each arm is measured.</summary>
    public int Rounds { get; init; } = 7;

    /// <summary>How long each measurement takes at least.</summary>
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Part of the size of what is not measured in rounds (rows to clean up, minutes of load): 1 as it is said in the docs, less for
    /// a quick look.
    /// </summary>
    public double Scale { get; init; } = 1;

    /// <summary>How often a comparison is run again that was too noisy.</summary>
    public int Repeats { get; init; } = 2;

    /// <summary>Whether groups that can run beside other outboxes do so.</summary>
    public bool Peers { get; init; }

    /// <summary>A size, scaled.</summary>
    public int Of(int full) => Math.Max(1, (int)(full * Scale));
}
