namespace Relaybox.Benchmarks.Harness;

/// <summary>What one metric of one arm came to.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Metric">The metric.</param>
/// <param name="Unit">In what the value is.</param>
/// <param name="Value">The median of all rounds.</param>
/// <param name="Against">The arm that the ratio is to.</param>
/// <param name="Ratio">The median of the ratios of the rounds.</param>
/// <param name="Lowest">The lowest ratio of a round.</param>
/// <param name="Highest">The highest ratio of a round.</param>
/// <param name="Target">What it should reach, in words; null where nothing is asked.</param>
/// <param name="IsMet">Whether it does.</param>
internal sealed record ArmResult(
    string Arm, string Metric, string Unit, double Value, string Against, double Ratio, double Lowest, double Highest, string? Target, bool? IsMet);

/// <summary>What a comparison came to.</summary>
/// <param name="Name">What was compared.</param>
/// <param name="Rows">The rows of the table of targets.</param>
/// <param name="Rounds">How many rounds there were.</param>
/// <param name="Noise">The ratio of the baseline to itself, by metric: how far a ratio of 1 can be off here.</param>
/// <param name="Runs">How often it was run until the noise was small enough; the last run is the one that counts.</param>
/// <param name="IsNoisy">Whether it stayed too noisy to be believed.</param>
/// <param name="Arms">The arms.</param>
internal sealed record ComparisonResult(
    string Name, string Rows, int Rounds, IReadOnlyDictionary<string, double> Noise, int Runs, bool IsNoisy, IReadOnlyList<ArmResult> Arms);

/// <summary>A figure that is counted and not timed, or that no round repeats.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Rows">The row of the table of targets.</param>
/// <param name="Unit">In what.</param>
/// <param name="Value">The value.</param>
/// <param name="Target">What it should reach, in words.</param>
/// <param name="IsMet">Whether it does.</param>
internal sealed record Fact(string Name, string Rows, string Unit, double Value, string? Target, bool? IsMet);

/// <summary>What a group of benchmarks came to.</summary>
/// <param name="Id">The group.</param>
/// <param name="Title">What it measures.</param>
/// <param name="Command">How to run it again.</param>
/// <param name="Machine">The machine that it ran on.</param>
/// <param name="Comparisons">Timed, against each other.</param>
/// <param name="Facts">Counted.</param>
/// <param name="Notes">What has to be known to read the figures.</param>
internal sealed record GroupResult(
    string Id,
    string Title,
    string Command,
    Machine Machine,
    IReadOnlyList<ComparisonResult> Comparisons,
    IReadOnlyList<Fact> Facts,
    IReadOnlyList<string> Notes);
