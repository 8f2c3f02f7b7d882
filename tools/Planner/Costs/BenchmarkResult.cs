namespace Relaybox.Planner.Costs;

/// <summary>A figure in the benchmarks' results.</summary>
/// <param name="Group">The group's id.</param>
/// <param name="Name">The name of an arm of one of its comparisons (its median counts), or of a counted figure.</param>
/// <param name="Metric">Which metric of the arm, where it has several.</param>
/// <param name="Over">
/// What is divided by the result, where the planner wants a time and the benchmark has a rate; null: the result is taken as it is.
/// </param>
internal sealed record BenchmarkResult(string Group, string Name, string? Metric = null, double? Over = null);
