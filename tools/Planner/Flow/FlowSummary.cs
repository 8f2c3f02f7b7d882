namespace Relaybox.Planner.Flow;

/// <summary>What a flow came to.</summary>
/// <param name="Highest">The most rows that were not published at once.</param>
/// <param name="HighestQueue">The most messages that were not handled at once.</param>
/// <param name="OldestSeconds">The longest that a row was not published.</param>
/// <param name="DeferredPerEvent">Failed attempts to publish or handle, for each event.</param>
/// <param name="RecoveredAfter">
/// Seconds from the end of the outage until nothing waited for longer than a minute, for a relay or a consumer; null: not by the end.
/// </param>
/// <param name="WorstP99Seconds">The worst second's 99th percentile from app to handler.</param>
internal sealed record FlowSummary(
    double Highest, double HighestQueue, double OldestSeconds, double DeferredPerEvent, int? RecoveredAfter, double WorstP99Seconds)
{
    private const int Minute = 60;

    public static FlowSummary Of(Scenario scenario, IReadOnlyList<FlowStep> steps)
    {
        var end = scenario.Outage.Until;
        int? recovered = null;
        foreach (var step in steps.Where(step => step.Second >= end))
        {
            var waits = step.OldestSeconds > Minute || step.Queue > scenario.Load(step.Second) * Minute;
            recovered = waits ? null : recovered ?? step.Second - end;
        }

        return new FlowSummary(
            steps.Max(step => step.Outbox),
            steps.Max(step => step.Queue),
            steps.Max(step => step.OldestSeconds),
            steps.Sum(step => step.Deferred) / steps.Sum(step => step.Offered),
            recovered,
            steps.Where(step => !double.IsNaN(step.P99Seconds)).Select(step => step.P99Seconds).DefaultIfEmpty(0).Max());
    }
}
