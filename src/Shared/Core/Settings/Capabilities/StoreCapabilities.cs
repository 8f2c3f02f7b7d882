using Relaybox.Outbox;

namespace Relaybox.Settings;

/// <summary>What a store promises where the stores differ. The table in <c>docs/guarantees.md</c> says the same; a test compares them.</summary>
internal sealed record StoreCapabilities
{
    /// <summary>Which business data can be written in one transaction with the row.</summary>
    internal required TransactionScope Transactions { get; init; }

    /// <summary>Whether the events of one ordering key are published in the order of their commits.</summary>
    internal required bool KeepsOrder { get; init; }

    /// <summary>Whose clock decides about leases and due times.</summary>
    internal required StoreClock Clock { get; init; }

    /// <summary>How a relay that waits learns of a new row.</summary>
    internal required StoreWakeUp WakeUp { get; init; }

    /// <summary>What becomes of an acknowledged write when the primary is lost.</summary>
    internal required FailoverDurability Failover { get; init; }

    /// <summary>What can become of a row that was sent (<c>AFTER_SENDING</c>).</summary>
    internal required IReadOnlyList<AfterSending> SentRows { get; init; }

    /// <summary>What a handler can do in the transaction of its inbox mark.</summary>
    internal required HandlerEffects HandlerEffects { get; init; }

    /// <summary>Whether rows can stay locked in an open transaction while they are published (<c>RELAY_MODE=locked</c>).</summary>
    internal bool LocksRows { get; init; }
}
