
namespace Relaybox.Benchmarks.Harness;

/// <summary>Collects what a group measures.</summary>
/// <param name="options">How long to measure.</param>
/// <param name="say">Tells of progress.</param>
internal sealed class BenchmarkRun(BenchmarkOptions options, Action<string> say)
{
    // A run in which an arm differs by more than this from itself says nothing of how it differs from others.
    private const double LowestNoise = 0.8;
    private const double HighestNoise = 1.25;

    private readonly List<ComparisonResult> _comparisons = [];
    private readonly List<Fact> _facts = [];
    private readonly List<string> _notes = [];

    public BenchmarkOptions Options => options;

    public IReadOnlyList<ComparisonResult> Comparisons => _comparisons;

    public IReadOnlyList<Fact> Facts => _facts;

    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The server that it ran on, where a group runs on one for each store; otherwise null.</summary>
    public string? Server { get; set; }

    public void Say(string text) => say(text);

    /// <summary>Says what has to be known to read the figures.</summary>
    public void Note(string text) => _notes.Add(text);

    /// <summary>Adds a figure that is counted.</summary>
    public void Count(string name, double value, string unit, Target? target = null, string rows = "") =>
        _facts.Add(new Fact(name, rows, unit, value, target?.ToString(), target?.IsMetBy(value)));

    /// <summary>Measures the arms in turn; again where the noise was too large.</summary>
    public async Task<ComparisonResult> CompareAsync(Comparison comparison, CancellationToken cancellationToken)
    {
        for (var runs = 1; ; runs++)
        {
            say($"{comparison.Name} ...");
            var rounds = await MeasureAsync(comparison, cancellationToken);
            var noise = comparison.Metrics
                .Select((metric, m) => (metric.Name, Noise: Statistics.Median(rounds.Select(round => round[^1][m] / round[0][m]))))
                .ToDictionary(pair => pair.Name, pair => pair.Noise);
            var isNoisy = noise.Values.Any(value => value is not (>= LowestNoise and <= HighestNoise));
            if (isNoisy && runs <= options.Repeats)
            {
                say($"  Too noisy: the baseline differs from itself by {string.Join(", ", noise.Values.Select(Figure.Text))}. Again.");
                continue;
            }

            var result = new ComparisonResult(comparison.Name, comparison.Rows, rounds.Count, noise, runs, isNoisy, Summarize(comparison, rounds));
            _comparisons.Add(result);
            return result;
        }
    }

    // Each round: every arm's values by metric, in the order of the arms, and the baseline's once more at the end.
    private async Task<List<double[][]>> MeasureAsync(Comparison comparison, CancellationToken cancellationToken)
    {
        Arm[] arms = [.. comparison.Arms, comparison.Arms[0] with { Name = "the baseline again" }];
        foreach (var arm in comparison.Arms)
        {
            // Compiles the code, warms the caches, finds out how much to do.
            await arm.MeasureAsync(options.RoundTime, cancellationToken);
        }

        var rounds = new List<double[][]>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var values = new double[arms.Length][];

            // To and fro, so that no arm always runs after the same one.
            foreach (var i in round % 2 == 0 ? Enumerable.Range(0, arms.Length) : Enumerable.Range(0, arms.Length).Reverse())
            {
                say($"  round {round + 1} of {options.Rounds}: {arms[i].Name}");
                values[i] = await arms[i].MeasureAsync(options.RoundTime, cancellationToken);
            }

            rounds.Add(values);
        }

        return rounds;
    }

    private static List<ArmResult> Summarize(Comparison comparison, List<double[][]> rounds)
    {
        var results = new List<ArmResult>();
        for (var a = 0; a < comparison.Arms.Count; a++)
        {
            var arm = comparison.Arms[a];
            for (var m = 0; m < comparison.Metrics.Count; m++)
            {
                var metric = comparison.Metrics[m];
                results.Add(ToResult(comparison, rounds, a, m, arm.Against ?? comparison.Arms[0].Name, arm.TargetOf(metric)));
                results.AddRange(arm.Also.Select(also => ToResult(comparison, rounds, a, m, also.Against, also.Target)));
            }
        }

        return results;
    }

    private static ArmResult ToResult(Comparison comparison, List<double[][]> rounds, int a, int m, string against, Target? target)
    {
        var other = comparison.Arms.Index().Single(arm => arm.Item.Name == against).Index;
        double[] ratios = [.. rounds.Select(round => round[a][m] / round[other][m])];
        var ratio = Statistics.Median(ratios);
        return new ArmResult(
            comparison.Arms[a].Name,
            comparison.Metrics[m].Name,
            comparison.Metrics[m].Unit,
            Statistics.Median(rounds.Select(round => round[a][m])),
            against,
            ratio,
            ratios.Min(),
            ratios.Max(),
            target?.ToString(),
            target?.IsMetBy(ratio));
    }
}
