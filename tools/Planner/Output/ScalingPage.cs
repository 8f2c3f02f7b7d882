using System.Text.RegularExpressions;
using Relaybox.Local;
using Relaybox.Planner.Brokers;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Planning;
using Relaybox.Planner.Stores;

namespace Relaybox.Planner.Output;

/// <summary>The tables of docs/scaling.md, which stand between markers.</summary>
internal static partial class ScalingPage
{
    internal const string File = "docs/scaling.md";

    internal static readonly double[] Rates = [1_000, 100_000, 10_000_000];

    private static IEnumerable<(IPlannedStore Store, IPlannedBroker Broker)> Stacks =>
        from broker in PlannedBrokers.All from store in PlannedStores.All select (store, broker);

    /// <summary>The page with its tables made anew.</summary>
    /// <exception cref="RunnerException">A marker names no table.</exception>
    public static string Renew(string page, CostSheet costs) => Marked().Replace(
        page,
        match => $"<!-- table: {match.Groups["name"].Value} -->\n\n{Table(match.Groups["name"].Value, costs)}\n<!-- end -->");

    /// <summary>The outage at some rates, for every store; where sweeps are apart, as the stack comes and with more of them.</summary>
    internal static IEnumerable<(string Name, Plan Plan, int Sweeps)> Outages(CostSheet costs)
    {
        foreach (var store in PlannedStores.All)
        {
            foreach (var (rate, sweeps) in store.SweepsApart
                ? [(1_000.0, 1), (1_000.0, 4), (100_000.0, 1), (100_000.0, 100)]
                : new[] { (1_000.0, 1), (100_000.0, 1) })
            {
                var plan = StackPlanner.Make(costs, rate, store, PlannedBrokers.All[0]);
                var name = $"{plan.Title}, {Figure.Of(rate)}/s" + (store.SweepsApart ? $", {sweeps} {(sweeps == 1 ? "sweep" : "sweeps")}" : "");
                yield return (name, plan, sweeps);
            }
        }
    }

    /// <summary>Plays an outage at a plan's rate.</summary>
    internal static (Scenario Scenario, IReadOnlyList<FlowStep> Steps) PlayOutage(CostSheet costs, Plan plan, int sweeps)
    {
        var scenario = Scenario.Of("outage", plan.Rate);
        return (scenario, FlowRun.Play(scenario, FlowOptions.For(costs, plan, sweeps)));
    }

    private static string Table(string name, CostSheet costs)
    {
        if (name == "costs")
        {
            return PlanGrids.Costs(costs).ToMarkdown();
        }

        if (name == "outage")
        {
            return FlowGrids.Summary([.. Outages(costs).Select(run =>
            {
                var (scenario, steps) = PlayOutage(costs, run.Plan, run.Sweeps);
                return (run.Name, FlowSummary.Of(scenario, steps));
            })]).ToMarkdown();
        }

        foreach (var (store, broker) in Stacks)
        {
            var stack = $"{store.Name}-{broker.Name}";
            if (name == $"plan {stack}")
            {
                return PlanGrids.Rates(costs, store, broker, Rates).ToMarkdown();
            }

            if (name == $"limits {stack}")
            {
                return PlanGrids.Limits(StackPlanner.Make(costs, Rates[0], store, broker)).ToMarkdown();
            }
        }

        throw new RunnerException($"{File} has a marker for '{name}', which is no table of the planner.");
    }

    [GeneratedRegex("<!-- table: (?<name>[^>]*?) -->.*?<!-- end -->", RegexOptions.Singleline)]
    private static partial Regex Marked();
}
