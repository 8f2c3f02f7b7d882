using Relaybox.Benchmarks.Harness;

namespace Relaybox.Benchmarks.Stores;

/// <summary>What is measured of a store, and what it should reach.</summary>
internal sealed record StoreTargets
{
    /// <summary>The least part of the bare loop's rate that the relay and the inbox should reach.</summary>
    public static Target OfBareLoop { get; } = Target.AtLeast(0.9);

    /// <summary>The ways to relay.</summary>
    public required IReadOnlyList<RelayWay> Relay { get; init; }

    /// <summary>From commit to publish, against the bare loop.</summary>
    public required Target Latency { get; init; }

    /// <summary>Claiming 10 messages together, against one by one.</summary>
    public Target? ClaimTen { get; init; }

    /// <summary>Claiming 100 messages together, against one by one.</summary>
    public Target? ClaimHundred { get; init; }

    /// <summary>Invocations of the consumer, against one that claims and marks one by one.</summary>
    public Target? Invocations { get; init; }

    /// <summary>What one batch of the relay, all of whose rows are won, should cost, by the names of <see cref="Cost"/>.</summary>
    public IReadOnlyDictionary<string, Target> RelayBatch { get; init; } = new Dictionary<string, Target>();

    /// <summary>What claiming and marking one batch of the inbox should cost.</summary>
    public IReadOnlyDictionary<string, Target> InboxBatch { get; init; } = new Dictionary<string, Target>();

    /// <summary>Whether the rows of the table of targets speak of this store.</summary>
    public bool HasRows { get; init; }
}
