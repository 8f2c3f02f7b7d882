using Relaybox.Outbox;

namespace Relaybox.Nats;

/// <summary>What is pulled, and how.</summary>
internal sealed record NatsPullOptions
{
    /// <summary>The stream.</summary>
    public required string Stream { get; init; }

    /// <summary>The durable consumer of the stream: where the pulls go on.</summary>
    public required string Consumer { get; init; }

    /// <summary>The subjects that the consumer gets; null: all of the stream.</summary>
    public string? FilterSubject { get; init; }

    /// <summary>
    /// What comes before the subject of a dead letter, with a dot between them. A stream has to take <c>prefix.&gt;</c>, and it
    /// must not be the one that is pulled from.
    /// </summary>
    public required string DeadLetterPrefix { get; init; }

    /// <summary>The most messages of one pull. Default: 100.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>About how many bytes the messages of one pull have at most. Default: what fits a function of 1 GiB.</summary>
    public long BatchBytes { get; init; } = ClaimLimit.DefaultBytes;

    /// <summary>
    /// After how long a message that was not answered comes again; at least the inbox's lease. It is renewed while handlers
    /// run. Default: 60 seconds.
    /// </summary>
    public TimeSpan AckWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How many messages may be delivered and not answered, over all pullers. Default: 1,000.</summary>
    public int MaxAckPending { get; init; } = 1000;

    /// <summary>How long one pull waits for its first message. Default: 5 seconds; at least 1.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether to end when there is nothing left, instead of waiting for more until the deadline. Default: no.</summary>
    public bool StopWhenEmpty { get; init; }

    /// <summary>Without this much time left, nothing further is pulled. Default: 6 seconds.</summary>
    public TimeSpan MinimumBatchTime { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>The time that is kept free at the end for answering what was pulled. Default: 2 seconds.</summary>
    public TimeSpan SettleMargin { get; init; } = TimeSpan.FromSeconds(2);
}
