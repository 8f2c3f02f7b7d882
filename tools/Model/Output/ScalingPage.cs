using System.Text.RegularExpressions;
using Relaybox.Local;
using Relaybox.Model.Costs;
using Relaybox.Model.Flow;
using Relaybox.Model.Planning;

namespace Relaybox.Model.Output;

/// <summary>The tables of docs/scaling.md, which stand between markers.</summary>
internal static partial class ScalingPage
{
    internal const string File = "docs/scaling.md";

    internal static readonly double[] Rates = [1_000, 100_000, 10_000_000];

    private static readonly (Store Store, Broker Broker)[] Stacks =
        [(Store.DynamoDb, Broker.Sqs), (Store.Postgres, Broker.Sqs), (Store.DynamoDb, Broker.Nats), (Store.Postgres, Broker.Nats)];

    /// <summary>The page with its tables made anew.</summary>
    /// <exception cref="RunnerException">A marker names no table.</exception>
    public static string Renew(string page, CostSheet costs) => Marked().Replace(
        page,
        match => $"<!-- model: {match.Groups["name"].Value} -->\n\n{Table(match.Groups["name"].Value, costs)}\n<!-- end -->");

    /// <summary>The outage at some rates, for every stack, with sweeps as the stack comes and more of them.</summary>
    internal static IEnumerable<(string Name, Scenario Scenario, FlowOptions Options)> Outages(CostSheet costs)
    {
        foreach (var (store, broker) in Stacks.Take(2))
        {
            foreach (var (rate, sweeps) in store == Store.DynamoDb ? [(1_000.0, 1), (1_000.0, 4), (100_000.0, 1), (100_000.0, 100)] : new[] { (1_000.0, 1), (100_000.0, 1) })
            {
                var plan = Planner.Make(costs, rate, store, broker);
                var name = $"{PlanGrids.Name(store, broker)}, {Figure.Of(rate)}/s" + (store == Store.DynamoDb ? $", {sweeps} {(sweeps == 1 ? "sweep" : "sweeps")}" : "");
                yield return (name, Scenario.Of("outage", rate), FlowOptions.For(costs, plan, sweeps));
            }
        }
    }

    private static string Table(string name, CostSheet costs)
    {
        if (name == "costs")
        {
            return PlanGrids.Costs(costs).ToMarkdown();
        }

        if (name == "outage")
        {
            return FlowGrids.Summary([.. Outages(costs).Select(run => (run.Name, FlowSummary.Of(run.Scenario, FlowRun.Play(run.Scenario, run.Options))))]).ToMarkdown();
        }

        foreach (var (store, broker) in Stacks)
        {
            var stack = $"{store}-{broker}".ToLowerInvariant();
            if (name == $"plan {stack}")
            {
                return PlanGrids.Rates(costs, store, broker, Rates).ToMarkdown();
            }

            if (name == $"limits {stack}")
            {
                return PlanGrids.Limits(Planner.Make(costs, Rates[0], store, broker)).ToMarkdown();
            }
        }

        throw new RunnerException($"{File} has a marker for '{name}', which is no table of the model.");
    }

    [GeneratedRegex("<!-- model: (?<name>[^>]*?) -->.*?<!-- end -->", RegexOptions.Singleline)]
    private static partial Regex Marked();
}
