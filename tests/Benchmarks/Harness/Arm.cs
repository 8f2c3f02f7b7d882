using System.Diagnostics;

namespace Relaybox.Benchmarks.Harness;

/// <summary>One way to do a comparison's work.</summary>
/// <param name="Name">What it is called in tables.</param>
/// <param name="MeasureAsync">Does the work once, for at least the given time, and answers with a value for each of the comparison's metrics.</param>
internal sealed record Arm(string Name, Func<TimeSpan, CancellationToken, Task<double[]>> MeasureAsync)
{
    /// <summary>What the ratio of each metric to the baseline's should reach, by the metric's name.</summary>
    public IReadOnlyDictionary<string, Target> Targets { get; init; } = new Dictionary<string, Target>();

    /// <summary>The other arm that the targets are measured against; null: the comparison's first.</summary>
    public string? Against { get; init; }

    /// <summary>Further arms that it is measured against, and what the ratio of each metric should reach.</summary>
    public IReadOnlyList<(string Against, Target Target)> Also { get; init; } = [];

    /// <summary>An arm that is measured by how much it does in a second.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="initial">
    /// How many pieces of work to begin with where a round takes a second, and fewer where it takes less; it is raised until they take long enough.
    /// </param>
    /// <param name="run">Does as many pieces of work as it is told; this is what is timed.</param>
    /// <param name="prepare">Makes as many pieces of work as will be done; not timed.</param>
    /// <param name="target">What the ratio should reach.</param>
    /// <param name="against">Against which other arm.</param>
    public static Arm Throughput(
        string name,
        long initial,
        Func<long, CancellationToken, Task> run,
        Func<long, CancellationToken, Task>? prepare = null,
        Target? target = null,
        string? against = null)
    {
        return Timed(name, initial, RunAsync, prepare, target, against);

        async Task<TimeSpan> RunAsync(long pieces, CancellationToken cancellationToken)
        {
            GC.Collect();
            var start = Stopwatch.GetTimestamp();
            await run(pieces, cancellationToken);
            return Stopwatch.GetElapsedTime(start);
        }
    }

    /// <summary>An arm that is measured by how much it does in a second, and takes its time itself.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="initial">
    /// How many pieces of work to begin with where a round takes a second, and fewer where it takes less; it is raised until they take long enough.
    /// </param>
    /// <param name="run">Does as many pieces of work as it is told, and says how long that took.</param>
    /// <param name="prepare">Makes as many pieces of work as will be done; not timed.</param>
    /// <param name="target">What the ratio should reach.</param>
    /// <param name="against">Against which other arm.</param>
    public static Arm Timed(
        string name,
        long initial,
        Func<long, CancellationToken, Task<TimeSpan>> run,
        Func<long, CancellationToken, Task>? prepare = null,
        Target? target = null,
        string? against = null)
    {
        var pieces = 0L;
        return new Arm(name, MeasureAsync) { Targets = For(target), Against = against };

        async Task<double[]> MeasureAsync(TimeSpan atLeast, CancellationToken cancellationToken)
        {
            pieces = pieces > 0 ? pieces : Math.Max(1, (long)(initial * Math.Min(1, atLeast.TotalSeconds)));
            while (true)
            {
                if (prepare is not null)
                {
                    await prepare(pieces, cancellationToken);
                }

                var elapsed = await run(pieces, cancellationToken);
                if (elapsed >= atLeast)
                {
                    return [pieces / elapsed.TotalSeconds];
                }

                // A fifth more than would do, and never more than ten times as much on the word of one short run.
                pieces = (long)Math.Min(pieces * 10.0, Math.Ceiling(pieces * 1.2 * atLeast / elapsed));
            }
        }
    }

    /// <summary>An arm that is measured by the median and the 99th percentile of many waits.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="measure">Measures once, and answers with the milliseconds of each wait.</param>
    /// <param name="target">What both ratios should reach.</param>
    /// <param name="against">Against which other arm.</param>
    public static Arm Latency(
        string name, Func<CancellationToken, Task<double[]>> measure, Target? target = null, string? against = null) =>
        new(name, async (_, cancellationToken) =>
        {
            var milliseconds = await measure(cancellationToken);
            return [Statistics.Percentile(milliseconds, 50), Statistics.Percentile(milliseconds, 99)];
        })
        { Targets = For(target), Against = against };

    // The target of every metric, whatever its name.
    private static Dictionary<string, Target> For(Target? target) => target is null ? [] : new() { [""] = target };

    /// <summary>The target of a metric, if it has one.</summary>
    public Target? TargetOf(Metric metric) => Targets.GetValueOrDefault(metric.Name) ?? Targets.GetValueOrDefault("");
}
