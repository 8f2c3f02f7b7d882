using Relaybox.Local;
using Relaybox.Planner.Brokers;
using Relaybox.Planner.Output;
using Relaybox.Planner.Stores;

namespace Relaybox.Planner.Tests;

public sealed class ScalingPageTests
{
    private static string Committed => File.ReadAllText(Path.Combine(RepositoryLayout.Root, ScalingPage.File));

    [Fact]
    public void The_tables_of_the_page_are_those_of_the_planner() =>
        Assert.True(
            Committed == ScalingPage.Renew(Committed, Sheets.Committed()),
            "docs/scaling.md is not what the planner says with docs/scaling-costs.json. Run: ./run plan docs");

    [Fact]
    public void The_page_has_every_stack_and_the_figures_behind_it()
    {
        var stacks = from store in PlannedStores.All from broker in PlannedBrokers.All select $"plan {store.Name}-{broker.Name}";
        var limits = from store in PlannedStores.All select $"limits {store.Name}-{PlannedBrokers.All[0].Name}";
        string[] tables = [.. stacks, .. limits, "outage", "costs"];
        Assert.All(tables, table => Assert.Contains($"<!-- table: {table} -->", Committed, StringComparison.Ordinal));
    }

    [Fact]
    public void A_marker_of_no_table_is_an_error() =>
        Assert.Throws<RunnerException>(() => ScalingPage.Renew("<!-- table: nonsense --><!-- end -->", Sheets.Committed()));
}
