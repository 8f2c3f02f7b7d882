namespace Relaybox.Benchmarks.Harness;

/// <summary>Several ways to do the same work, measured in turn in one process.</summary>
/// <param name="Name">What is compared.</param>
/// <param name="Metrics">By what.</param>
/// <param name="Arms">The ways; the first is the baseline, and is measured twice in each round to show the noise.</param>
internal sealed record Comparison(string Name, IReadOnlyList<Metric> Metrics, IReadOnlyList<Arm> Arms)
{
    /// <summary>The rows of the table of targets that this belongs to, for people.</summary>
    public string Rows { get; init; } = "";
}
