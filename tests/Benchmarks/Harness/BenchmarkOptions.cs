namespace Relaybox.Benchmarks.Harness;

/// <summary>How long to measure.</summary>
internal sealed record BenchmarkOptions
{
    /// <summary>How often each arm is measured.</summary>
    public int Rounds { get; init; } = 7;

    /// <summary>How long each measurement takes at least.</summary>
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a comparison is run again that was too noisy.</summary>
    public int Repeats { get; init; } = 2;
}
