using Relaybox.Outbox.Relay;
using Relaybox.Planner.Flow;

namespace Relaybox.Planner.Tests;

public sealed class FlowTests
{
    private const int From = 600;
    private const int Until = 4200;

    private static readonly FlowOptions Postgres = new()
    {
        RelayedPerSecond = 2_500, TriedPerSecond = 1_000, ConsumedPerSecond = 4_000, RowsInHand = 500,
    };

    private static readonly FlowOptions DynamoDb = new()
    {
        RelayedPerSecond = 5_000, TriedPerSecond = 5_000, SweptPerSecond = 1_200,
        SweepTriedPerSecond = 8, ConsumedPerSecond = 9_000, WritesPerSecond = 1_500,
    };

    public static TheoryData<string, bool> Everything =>
        new(from name in Scenario.Names from postgres in new[] { true, false } select (name, postgres));

    private static Scenario Outage(double rate, int seconds = 12_000) => new("outage", seconds, _ => rate) { Outage = (From, Until) };

    [Theory]
    [MemberData(nameof(Everything))]
    public void Every_event_is_somewhere_at_every_second(string name, bool postgres)
    {
        double offered = 0, published = 0, consumed = 0;
        foreach (var step in FlowRun.Play(Scenario.Of(name, 1_000), postgres ? Postgres : DynamoDb))
        {
            offered += step.Offered;
            published += step.Published;
            consumed += step.Consumed;
            Assert.Equal(offered, step.AtApps + step.Outbox + published, offered * 1e-9);
            Assert.Equal(published, step.Queue + consumed, offered * 1e-9);
        }
    }

    [Theory]
    [InlineData(500)]
    [InlineData(1_000)]
    [InlineData(2_000)]
    public void An_outage_is_over_after_its_backlog_divided_by_what_capacity_is_left(double load)
    {
        var scenario = Outage(load, 30_000);
        var steps = FlowRun.Play(scenario, Postgres);
        var backlog = load * (Until - From);
        var expected = backlog / (Postgres.RelayedPerSecond - load);
        Assert.Equal(backlog, steps[Until - 1].Outbox, backlog * 1e-9);
        var empty = steps.First(step => step.Second > Until && step.Outbox < 1).Second - Until;
        Assert.InRange(empty, expected - 2, expected + 2);
    }

    [Fact]
    public void What_DynamoDB_deferred_comes_back_as_fast_as_the_sweeps_and_no_faster()
    {
        var steps = FlowRun.Play(Outage(1_000), DynamoDb);
        var deferred = 1_000.0 * (Until - From);
        var empty = steps.First(step => step.Second > Until && step.Outbox < 1).Second - Until;
        Assert.InRange(empty, deferred / 1_200 - 2, (deferred / 1_200) + 35);

        // The stream carries what is new all the while.
        Assert.All(steps.Skip(Until).Take(1_000), step => Assert.True(step.Published >= 1_000));
    }

    [Theory]
    [InlineData(500, 0.2)]
    [InlineData(2_000, 0.8)]
    public void Relays_are_as_busy_as_the_load_is_to_their_capacity(double load, double utilisation)
    {
        var steps = FlowRun.Play(new Scenario("steady", 1_000, _ => load), Postgres);
        Assert.Equal(utilisation, steps.Sum(step => step.Published) / (Postgres.RelayedPerSecond * 1_000), 9);
    }

    [Fact]
    public void Beyond_their_capacity_the_backlog_grows_by_the_difference()
    {
        var steps = FlowRun.Play(new Scenario("steady", 1_000, _ => 3_000), Postgres);
        Assert.Equal(500.0 * 1_000, steps[^1].Outbox, 3);

        // First come, first served: who is served now came when as much had come as is served now.
        Assert.InRange(steps[^1].OldestSeconds, 1_000 * (1 - (2_500 / 3_000.0)) - 2, (1_000 * (1 - (2_500 / 3_000.0))) + 2);
    }

    [Fact]
    public void The_mean_backlog_is_the_rate_times_the_mean_wait()
    {
        // Little's law, with the consumers as the one that is waited for, over a time that begins and ends empty.
        var options = Postgres with { RelayedPerSecond = 1e9, ConsumedPerSecond = 1_000 };
        var steps = FlowRun.Play(new Scenario("pulse", 1_000, second => second < 100 ? 3_000 : 100), options);
        var events = steps.Sum(step => step.Offered);
        Assert.Equal(0, steps[^1].Queue, 6);

        // A fluid that comes at 3,000 and goes at 1,000 for 100 seconds, and then comes at 100.
        const double Highest = 200_000, Empties = Highest / 900;
        var area = (Highest * 100 / 2) + (Highest * Empties / 2);
        Assert.InRange(steps.Sum(step => step.Queue), area * 0.98, area * 1.02);
        var waited = steps.Where(step => step.Consumed > 0).Sum(step => step.MedianSeconds * step.Consumed);
        Assert.InRange(waited / events, area / events * 0.97, area / events * 1.03);
    }

    [Fact]
    public void A_row_that_found_no_broker_is_not_tried_again_before_the_delay_of_the_code()
    {
        var delay = (int)new RelayOptions().OutageDelay.TotalSeconds;

        // One row's worth, and a broker that is back at once: it comes with the delay, spread over as much again.
        var scenario = new Scenario("blink", 100, second => second == 10 ? 900 : 0) { Outage = (10, 11) };
        var steps = FlowRun.Play(scenario, Postgres);
        Assert.Equal(900, steps[10].Deferred, 6);
        Assert.All(steps.Take(10 + delay), step => Assert.Equal(0, step.Published));
        Assert.All(steps.Skip(10 + delay).Take(delay), step => Assert.Equal(900.0 / delay, step.Published, 6));
        Assert.All(steps.Skip(10 + (2 * delay)), step => Assert.Equal(0, step.Published));
    }

    [Fact]
    public void Rows_of_relays_that_are_killed_come_back_when_their_lease_ends()
    {
        var lease = (int)new RelayOptions().Lease.TotalSeconds;
        var scenario = Scenario.Of("crash", 1_000);
        var steps = FlowRun.Play(scenario, Postgres);
        var crash = scenario.CrashAt!.Value;
        Assert.All(steps.Skip(crash).Take(lease), step => Assert.Equal(500, step.Outbox, 6));
        Assert.Equal(0, steps[crash + lease].Outbox, 6);
        Assert.Equal(lease - 1, steps[crash + lease - 1].OldestSeconds);
    }

    [Fact]
    public void What_the_store_throttles_waits_at_the_apps_and_is_not_lost()
    {
        var steps = FlowRun.Play(new Scenario("peak", 200, second => second < 100 ? 2_000 : 1_000), DynamoDb);
        Assert.Equal(100 * 500.0, steps[99].AtApps, 6);
        Assert.All(steps.Take(100), step => Assert.Equal(1_500, step.Published, 6));
        Assert.Equal(0, steps[^1].AtApps, 6);
    }

    [Fact]
    public void An_outage_that_cannot_be_caught_up_with_says_so()
    {
        var scenario = Outage(1_000);
        var options = Postgres with { RelayedPerSecond = 1_001 };
        Assert.Null(FlowSummary.Of(scenario, FlowRun.Play(scenario, options)).RecoveredAfter);

        // The backlog of 3,600,000 less what a minute brings, at 1,500 a second.
        Assert.InRange(FlowSummary.Of(scenario, FlowRun.Play(scenario, Postgres)).RecoveredAfter!.Value, 2_300, 2_400);
    }
}
