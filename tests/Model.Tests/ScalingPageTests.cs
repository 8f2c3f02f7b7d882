using Relaybox.Local;
using Relaybox.Model.Output;

namespace Relaybox.Model.Tests;

public sealed class ScalingPageTests
{
    private static string Committed => File.ReadAllText(Path.Combine(RepositoryLayout.Root, ScalingPage.File));

    [Fact]
    public void The_tables_of_the_page_are_those_of_the_model() =>
        Assert.True(
            Committed == ScalingPage.Renew(Committed, Sheets.Committed()),
            "docs/scaling.md is not what the model says with docs/scaling-costs.json. Run: ./run model docs");

    [Fact]
    public void The_page_has_every_stack_and_the_figures_behind_it()
    {
        string[] tables = ["plan dynamodb-sqs", "plan postgres-sqs", "plan dynamodb-nats", "plan postgres-nats", "limits dynamodb-sqs", "limits postgres-sqs", "outage", "costs"];
        Assert.All(tables, table => Assert.Contains($"<!-- model: {table} -->", Committed, StringComparison.Ordinal));
    }

    [Fact]
    public void A_marker_of_no_table_is_an_error() =>
        Assert.Throws<RunnerException>(() => ScalingPage.Renew("<!-- model: nonsense --><!-- end -->", Sheets.Committed()));
}
