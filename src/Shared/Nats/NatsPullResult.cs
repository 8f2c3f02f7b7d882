using Relaybox.Inbox;

namespace Relaybox.Nats;

/// <summary>What came of pulling.</summary>
internal sealed record NatsPullResult
{
    /// <summary>What became of the messages.</summary>
    public ConsumedCounts Messages { get; init; } = new();

    /// <summary>Of how many messages the server did not confirm the answer: they come again, and the inbox knows them.</summary>
    public int Unsettled { get; init; }

    /// <summary>How many messages the consumer had left when the last one was delivered.</summary>
    public long Pending { get; init; }

    /// <summary>Whether NATS could not be used when the pulling ended.</summary>
    public bool BrokerUnavailable { get; init; }

    internal NatsPullResult Add(NatsPullResult other) => new()
    {
        Messages = Messages.Add(other.Messages),
        Unsettled = Unsettled + other.Unsettled,
        Pending = other.Pending,
        BrokerUnavailable = other.BrokerUnavailable,
    };
}
