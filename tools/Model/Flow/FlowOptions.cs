using Relaybox.Model.Costs;
using Relaybox.Model.Planning;
using Relaybox.Outbox.Relay;

namespace Relaybox.Model.Flow;

/// <summary>How a stack works, as far as a flow of events can see it.</summary>
internal sealed record FlowOptions
{
    /// <summary>How many events a second the store takes from the apps; what is beyond is throttled, and the apps try again.</summary>
    public double WritesPerSecond { get; init; } = double.PositiveInfinity;

    /// <summary>How many rows a second all relays together publish: the stream's, or the sweeps that listen.</summary>
    public required double RelayedPerSecond { get; init; }

    /// <summary>How many deferred rows a second the sweeps publish; null where they are taken by the same relays, as in PostgreSQL.</summary>
    public double? SweptPerSecond { get; init; }

    /// <summary>How many rows a second are tried, and deferred, while the broker is out of reach.</summary>
    public required double TriedPerSecond { get; init; }

    /// <summary>The same, of the sweeps.</summary>
    public double SweepTriedPerSecond { get; init; }

    /// <summary>How many messages a second all consumers together handle.</summary>
    public required double ConsumedPerSecond { get; init; }

    /// <summary>How many rows all relays together have in their hands.</summary>
    public double RowsInHand { get; init; }

    /// <summary>The delays and the lease of the code.</summary>
    public RelayOptions Relay { get; init; } = new();

    /// <summary>A stack of the size that is planned for a rate.</summary>
    /// <param name="costs">The costs.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="sweeps">DynamoDB: how many sweeps run at once.</param>
    public static FlowOptions For(CostSheet costs, Plan plan, int sweeps)
    {
        const double AskAgain = 0.5;
        const double SweepEvery = 60;
        var parts = new PlanBuilder(plan.Rate, costs);
        var batch = costs["relay.batch"];
        var consumed = plan.Count(Planner.Consumers) * Planner.PerConsumer(parts, plan.Store, plan.Broker);
        if (plan.Store == Store.Postgres)
        {
            var relays = plan.Count(PostgresParts.Relays);
            return new FlowOptions
            {
                RelayedPerSecond = relays * PostgresParts.PerRelay(parts, plan.Broker),
                TriedPerSecond = relays * batch / AskAgain,
                ConsumedPerSecond = consumed,
                RowsInHand = relays * batch,
            };
        }

        var streamed = plan.Count(DynamoDbParts.Relays) * DynamoDbParts.PerReader(parts, plan.Broker);
        return new FlowOptions
        {
            WritesPerSecond = plan.Count(DynamoDbParts.Partitions) * costs["dynamodb.partition_wcu"] / DynamoDbParts.WriteUnits(parts),
            RelayedPerSecond = streamed,
            TriedPerSecond = streamed,
            SweptPerSecond = sweeps * DynamoDbParts.SweepRate(parts, plan.Broker),
            SweepTriedPerSecond = sweeps * batch / SweepEvery,
            ConsumedPerSecond = consumed,
        };
    }
}
