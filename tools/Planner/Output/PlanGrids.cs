using Relaybox.Planner.Brokers;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Planning;
using Relaybox.Planner.Stores;

namespace Relaybox.Planner.Output;

/// <summary>Plans as tables.</summary>
internal static class PlanGrids
{
    /// <summary>What one plan needs.</summary>
    public static Grid Needs(Plan plan) => new(["Needed", "How many"], [.. plan.Needs.Select(need => new[] { need.Name, Figure.Of(need.Count) })]);

    /// <summary>What a month of one plan costs.</summary>
    public static Grid Charges(Plan plan) => new(
        ["A month", "US dollars"],
        [
            .. plan.Charges.Select(charge => new[] { charge.Name, Figure.Dollars(charge.Dollars) }),
            new[] { "together", Figure.Dollars(plan.DollarsPerMonth) },
            new[] { "for a million events", Figure.Dollars(plan.DollarsPerMillion) },
        ]);

    /// <summary>The limits as the stack comes, the first that is met first.</summary>
    public static Grid Limits(Plan plan) => new(
        ["Met at events/s", "Limit", "One carries", "As it comes", "What changes it"],
        [
            .. plan.Limits.Select(limit => new[]
            {
                Figure.Of(limit.MetAt), limit.Only is null ? limit.Name : $"{limit.Name} ({limit.Only})",
                $"{Figure.Of(limit.PerUnit)}/s for each {limit.Unit}", Figure.Of(limit.Units), limit.Change,
            }),
        ]);

    /// <summary>Several rates side by side.</summary>
    public static Grid Rates(CostSheet costs, IPlannedStore store, IPlannedBroker broker, IReadOnlyList<double> rates)
    {
        Plan[] plans = [.. rates.Select(rate => StackPlanner.Make(costs, rate, store, broker))];
        var needs = plans[0].Needs.Select(need => new[] { need.Name }.Concat(plans.Select(plan => Figure.Of(plan.Count(need.Name)))));
        return new Grid(
            ["", .. rates.Select(rate => $"{Figure.Of(rate)}/s")],
            [
                .. needs.Select(row => row.ToArray()),
                ["met first, as the stack comes", .. plans.Select(plan => $"{plan.FirstLimit.Name}, at {Figure.Of(plan.FirstLimit.MetAt)}/s")],
                ["dollars a month", .. plans.Select(plan => Figure.Dollars(plan.DollarsPerMonth))],
                ["dollars for a million events", .. plans.Select(plan => Figure.Dollars(plan.DollarsPerMillion))],
                ["of which most", .. plans.Select(plan => plan.Charges.MaxBy(charge => charge.Dollars)!.Name)],
                [
                    "limits that have to be raised",
                    .. plans.Select(plan => Figure.Of(plan.Limits.Count(limit => limit.Only is null && limit.MetAt < plan.Rate))),
                ],
            ]);
    }

    /// <summary>The figures behind it all.</summary>
    public static Grid Costs(CostSheet costs) => new(
        ["Figure", "Value", "", "Kind", "Source"],
        [
            .. costs.All.Select(cost => new[]
            {
                $"`{cost.Id}`", cost.Value.ToString("0.##########", System.Globalization.CultureInfo.InvariantCulture),
                cost.Unit, cost.Kind.ToString().ToLowerInvariant(), cost.Source,
            }),
        ]);
}
