using Relaybox.Local;
using Relaybox.Planner.Brokers;
using Relaybox.Planner.Planning;
using Relaybox.Planner.Stores;

namespace Relaybox.Planner.Tests;

public sealed class PlannerTests
{
    public static TheoryData<string, string> Stacks => new(
        from store in PlannedStores.All from broker in PlannedBrokers.All select (store.Name, broker.Name));

    private static Plan Make(double rate, string store, string broker) =>
        StackPlanner.Make(Sheets.Committed(), rate, PlannedStores.Find(store), PlannedBrokers.Find(broker));

    [Fact]
    public void A_thousand_events_a_second_in_DynamoDB_are_what_a_calculator_says()
    {
        var costs = Sheets.Committed();
        var plan = Make(1_000, "dynamodb", "sqs");

        // So many thousand write units, 700 for each partition; 0.3 requests an event; a month of 730 hours.
        var units = costs["dynamodb.event_wcu"] + costs["dynamodb.write_wcu"];
        Assert.Equal(Math.Ceiling(1_000 * units / (1_000 * 0.7)), plan.Count(PlannedDynamoDb.Partitions));
        Assert.Equal(1_000 * 730 * 3600.0 / 1e6 * units * 0.625, Dollars(plan, "DynamoDB: writes, outbox"), 6);
        Assert.Equal(1_000 * 730 * 3600.0 / 1e6 * 0.3 * 0.4, Dollars(plan, "SQS: requests"), 6);
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void Dollars_for_a_million_times_the_millions_are_the_dollars_of_a_month(string store, string broker)
    {
        var plan = Make(5_000, store, broker);
        Assert.Equal(plan.DollarsPerMonth, plan.DollarsPerMillion * 5_000 * 730 * 3600 / 1e6, 3);
        Assert.All(plan.Charges, charge => Assert.True(charge.Dollars > 0, charge.Name));
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void More_events_never_need_less(string store, string broker)
    {
        double[] rates = [1, 10, 999, 1_000, 7_777, 100_000, 1_000_000, 10_000_000];
        foreach (var (fewer, more) in rates.Zip(rates.Skip(1)))
        {
            var (small, large) = (Make(fewer, store, broker), Make(more, store, broker));
            Assert.True(small.DollarsPerMonth < large.DollarsPerMonth);
            foreach (var need in small.Needs.Where(need => need.Name is not (PlannedSql.Processors or PlannedMongoDb.Processors)))
            {
                Assert.True(need.Count <= large.Count(need.Name), $"{need.Name} at {fewer} and {more}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void What_is_needed_carries_the_rate_with_headroom_to_spare(string store, string broker)
    {
        var costs = Sheets.Committed();
        foreach (var rate in new[] { 1_000.0, 100_000, 10_000_000 })
        {
            var plan = Make(rate, store, broker);
            var flow = Flow.FlowOptions.For(costs, plan, sweeps: 1);
            Assert.True(flow.RelayedPerSecond * costs["headroom"] >= rate);
            Assert.True(flow.ConsumedPerSecond * costs["headroom"] >= rate);
            Assert.True(flow.WritesPerSecond * costs["headroom"] >= rate);
        }
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void The_first_limit_is_the_one_that_the_fewest_events_meet(string store, string broker)
    {
        var plan = Make(1_000, store, broker);
        Assert.Equal(plan.Limits.Where(limit => limit.Only is null).Min(limit => limit.MetAt), plan.FirstLimit.MetAt);
        Assert.Equal(plan.Limits.OrderBy(limit => limit.MetAt), plan.Limits);
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void A_limit_says_nothing_of_the_rate_that_is_planned_for(string store, string broker) =>
        Assert.Equal(Make(1_000, store, broker).Limits, Make(10_000_000, store, broker).Limits);

    [Fact]
    public void A_second_database_comes_where_one_can_write_no_more()
    {
        var costs = Sheets.Committed();
        var wal = costs["postgres.insert_wal_bytes"] + costs["postgres.mark_wal_bytes"] + costs["postgres.inbox_wal_bytes"];
        var one = costs["postgres.wal_bytes_per_second"] / wal * costs["headroom"];
        Assert.Equal(1, Make(one * 0.99, "postgres", "sqs").Count(PlannedSql.Databases));
        Assert.Equal(2, Make(one * 1.01, "postgres", "sqs").Count(PlannedSql.Databases));
    }

    [Fact]
    public void Connections_are_those_of_the_relays_and_one_for_each_consumer()
    {
        var plan = Make(100_000, "postgres", "sqs");
        Assert.Equal(
            (plan.Count(StackPlanner.Relays) * Sheets.Committed()["postgres.connections_per_relay"]) + plan.Count(StackPlanner.Consumers),
            plan.Count(StackPlanner.Connections));
    }

    [Fact]
    public void An_unknown_store_or_broker_is_refused_with_those_that_there_are()
    {
        Assert.Equal(
            "There is no plan for such a store. Choose one of: dynamodb, postgres, mongodb, mysql, redis.",
            Assert.Throws<RunnerException>(() => PlannedStores.Find("paper")).Message);
        Assert.Equal(
            "There is no plan for such a broker. Choose one of: sqs, nats.",
            Assert.Throws<RunnerException>(() => PlannedBrokers.Find("paper")).Message);
    }

    private static double Dollars(Plan plan, string name) => plan.Charges.Single(charge => charge.Name == name).Dollars;
}
