using Relaybox.Local.Output;

namespace Relaybox.Local.Tests.Output;

public class OutputTests
{
    [Fact]
    public void Metrics_of_all_functions_add_up()
    {
        var tally = new MetricTally();
        const string Line =
            """{"_aws":{"Timestamp":1,"CloudWatchMetrics":"""
            + """[{"Namespace":"R","Dimensions":[["function"]],"Metrics":[{"Name":"RowsSent"},{"Name":"Ages"}]}]},"""
            + "\"function\":\"Consume\",\"RowsSent\":3,\"Ages\":[1,2],\"Other\":9}";
        Assert.True(tally.TryAdd(Line));
        Assert.True(tally.TryAdd(Line));
        Assert.Equal((6, 6, 0), (tally.Sum("RowsSent"), tally.Sum("Ages"), tally.Sum("Other")));
    }

    [Theory]
    [InlineData("""{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"level":"Information","message":"Batch of 1 messages"}""", true)]
    [InlineData("""{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"RowsSent":3}""", false)]
    public void Metrics_are_shown_where_they_say_in_words_what_was_done(string line, bool isShown)
    {
        Assert.True(new MetricTally().TryAdd(line));
        Assert.Equal(isShown, FunctionLogLine.HasMessage(line));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("""{"message":"about \"_aws\""}""")]
    [InlineData("""{"_aws":1}""")]
    [InlineData("""{"_aws":""")]
    public void A_line_without_metrics_stays_a_line(string line) => Assert.False(new MetricTally().TryAdd(line));

    [Theory]
    [InlineData("""{"level":"Warning","message":"slow"}""", "Warning", "slow", true)]
    [InlineData("""{"Level":"Information","Message":"fine"}""", "Information", "fine", false)]
    [InlineData("""{"other":1}""", null, """{"other":1}""", false)]
    [InlineData("plain", null, "plain", false)]
    [InlineData("{broken", null, "{broken", false)]
    public void A_log_line_is_shown_by_its_message(string line, string? level, string text, bool isProblem)
    {
        var parsed = FunctionLogLine.Parse(line);
        Assert.Equal((level, text, isProblem), (parsed.Level, parsed.Text, parsed.IsProblem));
    }
}
