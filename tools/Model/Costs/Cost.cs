namespace Relaybox.Model.Costs;

/// <summary>Where a figure comes from.</summary>
internal enum CostKind
{
    /// <summary>A benchmark of this repository; its command is the source.</summary>
    Measured,

    /// <summary>A price that a provider publishes.</summary>
    Price,

    /// <summary>A limit or quota that a provider publishes.</summary>
    Limit,

    /// <summary>A setting of the stack, as it comes.</summary>
    Setting,

    /// <summary>Nobody measured it; the source says why it is about right.</summary>
    Assumed,
}

/// <summary>One figure of the model.</summary>
/// <param name="Id">What the model calls it.</param>
/// <param name="Value">The figure; where a benchmark has measured it, that result takes its place.</param>
/// <param name="Unit">In what.</param>
/// <param name="Kind">Where it comes from.</param>
/// <param name="Source">The command, the page, the setting or the reason.</param>
/// <param name="Result">Where docs/benchmarks/results.json has it, if a benchmark measures it.</param>
internal sealed record Cost(string Id, double Value, string Unit, CostKind Kind, string Source, BenchmarkResult? Result = null);

/// <summary>A figure in the benchmarks' results.</summary>
/// <param name="Group">The group's id.</param>
/// <param name="Name">The name of an arm of one of its comparisons (its median counts), or of a counted figure.</param>
/// <param name="Metric">Which metric of the arm, where it has several.</param>
/// <param name="Over">What is divided by the result, where the model wants a time and the benchmark has a rate; null: the result is taken as it is.</param>
internal sealed record BenchmarkResult(string Group, string Name, string? Metric = null, double? Over = null);
