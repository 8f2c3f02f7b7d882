namespace Relaybox.Benchmarks.Harness;

/// <summary>What an arm is measured by.</summary>
/// <param name="Name">What it is, such as <c>rows/s</c> or <c>p50</c>.</param>
/// <param name="Unit">In what the values are, such as <c>/s</c> or <c>ms</c>.</param>
internal sealed record Metric(string Name, string Unit)
{
    /// <summary>Pieces of work in a second.</summary>
    public static Metric Rate(string what) => new($"{what}/s", "/s");

    public static Metric Milliseconds(string name) => new(name, "ms");
}
