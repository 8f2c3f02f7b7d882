using Relaybox.Local.Demo;

namespace Relaybox.Local.Tests.Demo;

public class DemoSummaryTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_000_000);

    [Fact]
    public void A_clean_run()
    {
        var summary = Summarize(
            Orders(100), Ids(100).ToDictionary(id => id, _ => "sent"), Ids(100).Select((id, index) => (id, index)).ToDictionary(
                item => item.id, item => new Effect(1, Start.AddMilliseconds(item.index + 1))));
        Assert.True(summary.IsClean);
        Assert.Equal(
            """{"written":100,"sent":100,"effects":100,"duplicatesInjected":7,"duplicatesSuppressed":6,"lost":0,"doubled":0,"""
                + "\"p50Ms\":50,\"p99Ms\":99,\"slowestMs\":100,\"slowestAtStartMs\":null,\"reservations\":[]}",
            summary.ToJson());
    }

    [Fact]
    public void What_is_lost_and_what_is_doubled_is_counted()
    {
        var summary = Summarize(
            Orders(3),
            new Dictionary<string, string> { ["1"] = "sent", ["2"] = "pending", ["stranger"] = "sent" },
            new Dictionary<string, Effect> { ["1"] = new(3, Start), ["stranger"] = new(5, Start) });
        Assert.Equal((3, 1, 1, 2, 2), (summary.Written, summary.Sent, summary.Effects, summary.Lost, summary.Doubled));
        Assert.False(summary.IsClean);
    }

    [Fact]
    public void Orders_that_were_placed_while_the_functions_started_are_told_apart()
    {
        var later = Start + DemoSummary.StartTime;
        var summary = Summarize(
            new() { ["1"] = Start, ["2"] = later.AddMilliseconds(-1), ["3"] = later, ["4"] = later },
            [],
            new()
            {
                ["1"] = new(1, Start.AddMilliseconds(900)), ["2"] = new(1, later.AddMilliseconds(700)),
                ["3"] = new(1, later.AddMilliseconds(5)), ["4"] = new(1, later.AddMilliseconds(8)),
            });
        Assert.Equal((5, 8, 8, 900), (summary.P50Ms, summary.P99Ms, summary.SlowestMs, summary.SlowestAtStartMs));
    }

    [Fact]
    public void Without_any_effect_there_is_no_latency()
    {
        var summary = Summarize(Orders(1), new Dictionary<string, string>(), new Dictionary<string, Effect>());
        Assert.Contains("\"p50Ms\":null", summary.ToJson(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Ids(int count) => Enumerable.Range(1, count).Select(number => $"{number}");

    private static Dictionary<string, DateTimeOffset> Orders(int count) => Ids(count).ToDictionary(id => id, _ => Start);

    private static DemoSummary Summarize(
        Dictionary<string, DateTimeOffset> orders, Dictionary<string, string> outbox, Dictionary<string, Effect> effects) =>
        DemoSummary.Create(orders, outbox, effects, 0, 7, 6);
}
