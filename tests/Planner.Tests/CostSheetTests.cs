using Relaybox.Local;
using Relaybox.Planner.Costs;

namespace Relaybox.Planner.Tests;

public sealed class CostSheetTests
{
    private const string Relayed =
        """
        { "id": "relay", "value": 10, "unit": "rows/s", "kind": "assumed", "source": "a guess",
          "result": { "group": "relay", "name": "lease, keep" } }
        """;

    private const string Results =
        """
        [ { "id": "other", "comparisons": [ { "arms": [ { "arm": "lease, keep", "metric": "rows/s", "value": 1 } ] } ], "facts": [] },
          { "id": "relay",
            "comparisons": [ { "arms": [
              { "arm": "naive", "metric": "rows/s", "value": 3 }, { "arm": "lease, keep", "metric": "rows/s", "value": 40 } ] } ],
            "facts": [ { "name": "bytes", "value": 7 }, { "name": "nothing", "value": "NaN" } ] } ]
        """;

    [Fact]
    public void What_a_benchmark_measured_takes_the_place_of_what_was_assumed()
    {
        var cost = Assert.Single(Sheets.With(Relayed, Results).All);
        Assert.Equal((40, CostKind.Measured, "./run bench relay"), (cost.Value, cost.Kind, cost.Source));
    }

    [Fact]
    public void A_counted_figure_is_found_too() =>
        Assert.Equal(7, Sheets.With(Relayed.Replace("lease, keep", "bytes", StringComparison.Ordinal), Results)["relay"]);

    [Fact]
    public void A_rate_becomes_a_time_where_the_model_wants_one() =>
        Assert.Equal(
            25, Sheets.With(Relayed.Replace("\"lease, keep\"", "\"lease, keep\", \"over\": 1000", StringComparison.Ordinal), Results)["relay"]);

    [Theory]
    [InlineData("nothing")]
    [InlineData("unknown")]
    public void What_no_benchmark_measured_stays(string name) =>
        Assert.Equal(10, Sheets.With(Relayed.Replace("lease, keep", name, StringComparison.Ordinal), Results)["relay"]);

    [Theory]
    [InlineData("""{ "id": "a", "value": 0, "unit": "", "kind": "price", "source": "" }""")]
    [InlineData("""{ "id": "a", "value": -1, "unit": "", "kind": "price", "source": "" }""")]
    [InlineData("""{ "id": "a", "value": 1, "unit": "", "kind": "rumour", "source": "" }""")]
    [InlineData("""{ "id": "a", "value": 1, "unit": "", "kind": "price", "source": "", "typo": 1 }""")]
    [InlineData("""{ "id": "a", "value": 1, "unit": "", "kind": "price" }""")]
    [InlineData(
        """{ "id": "a", "value": 1, "unit": "", "kind": "price", "source": "" }, """
        + """{ "id": "a", "value": 2, "unit": "", "kind": "price", "source": "" }""")]
    public void A_figure_that_cannot_be_right_is_refused(string cost) => Assert.Throws<RunnerException>(() => Sheets.With(cost));

    [Fact]
    public void An_unknown_figure_is_an_error_that_names_it() =>
        Assert.Contains("'no such'", Assert.Throws<RunnerException>(() => Sheets.With(Relayed)["no such"]).Message, StringComparison.Ordinal);

    [Fact]
    public void The_file_is_kept_as_it_is_read() =>
        Assert.Equal(Sheets.Committed().All, CostSheet.Parse(Sheets.Committed().ToJson(), results: null).All);
}
