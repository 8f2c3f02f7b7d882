using Relaybox.Planner.Flow;

namespace Relaybox.Planner.Output;

/// <summary>Flows as tables.</summary>
internal static class FlowGrids
{
    private const int BarWidth = 40;

    /// <summary>So many rows over the whole time, each with a bar of what is not handled yet.</summary>
    public static Grid OverTime(IReadOnlyList<FlowStep> steps, int rows)
    {
        var every = Math.Max(1, steps.Count / rows);
        var most = Math.Max(1, steps.Max(Backlog));
        return new Grid(
            ["Time", "Written/s", "Published/s", "Failed/s", "At the apps", "Outbox", "Queue", "Oldest row", "p50", "p99", "Backlog"],
            [
                .. steps.Where((_, i) => i % every == every - 1).Select(step => new[]
                {
                    Figure.Clock(step.Second + 1), Figure.Of(step.Offered), Figure.Of(step.Published), Figure.Of(step.Deferred),
                    Figure.Of(step.AtApps), Figure.Of(step.Outbox), Figure.Of(step.Queue), Figure.Time(step.OldestSeconds),
                    Age(step.MedianSeconds), Age(step.P99Seconds), new string('█', (int)Math.Round(Backlog(step) / most * BarWidth)),
                }),
            ]);
    }

    public static Grid Summary(IReadOnlyList<(string Name, FlowSummary Summary)> flows) => new(
        ["", "Most rows unpublished", "Most messages unhandled", "Oldest row", "Failed attempts per event", "Recovered after", "Worst p99"],
        [
            .. flows.Select(flow => new[]
            {
                flow.Name,
                Figure.Of(flow.Summary.Highest),
                Figure.Of(flow.Summary.HighestQueue),
                Figure.Time(flow.Summary.OldestSeconds),
                Figure.Of(flow.Summary.DeferredPerEvent),
                flow.Summary.RecoveredAfter is { } after ? Figure.Time(after) : "not by the end",
                Figure.Time(flow.Summary.WorstP99Seconds),
            }),
        ]);

    private static double Backlog(FlowStep step) => step.Outbox + step.Queue;

    private static string Age(double seconds) => double.IsNaN(seconds) ? "–" : Figure.Time(seconds);
}
