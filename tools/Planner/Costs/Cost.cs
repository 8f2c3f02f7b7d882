namespace Relaybox.Planner.Costs;

/// <summary>One figure that plans are made of.</summary>
/// <param name="Id">What the planner calls it.</param>
/// <param name="Value">The figure; where a benchmark has measured it, that result takes its place.</param>
/// <param name="Unit">In what.</param>
/// <param name="Kind">Where it comes from.</param>
/// <param name="Source">The command, the page, the setting or the reason.</param>
/// <param name="Result">Where docs/benchmarks/results.json has it, if a benchmark measures it.</param>
internal sealed record Cost(string Id, double Value, string Unit, CostKind Kind, string Source, BenchmarkResult? Result = null);
