namespace Relaybox.Nats;

/// <summary>What became of the messages that were pulled.</summary>
public sealed record NatsPullResult
{
    /// <summary>How many messages were pulled.</summary>
    public int Received { get; init; }

    /// <summary>How many were handled now.</summary>
    public int Processed { get; init; }

    /// <summary>How many had been handled before.</summary>
    public int Duplicates { get; init; }

    /// <summary>How many come again.</summary>
    public int Retried { get; init; }

    /// <summary>How many were copied to the dead letters and ended.</summary>
    public int DeadLettered { get; init; }

    /// <summary>How many of these the server did not confirm the answer of: they come again, and the inbox knows them.</summary>
    public int Unsettled { get; init; }

    /// <summary>How many messages the consumer had left when the last one was delivered.</summary>
    public long Pending { get; init; }

    /// <summary>Whether the pulling ended early because NATS could not be used.</summary>
    public bool BrokerUnavailable { get; init; }

    internal NatsPullResult Add(NatsPullResult other) => new()
    {
        Received = Received + other.Received,
        Processed = Processed + other.Processed,
        Duplicates = Duplicates + other.Duplicates,
        Retried = Retried + other.Retried,
        DeadLettered = DeadLettered + other.DeadLettered,
        Unsettled = Unsettled + other.Unsettled,
        Pending = other.Pending,
        BrokerUnavailable = BrokerUnavailable || other.BrokerUnavailable,
    };
}
