namespace Relaybox.Inbox;

/// <summary>What became of delivered messages.</summary>
internal sealed record ConsumedCounts
{
    /// <summary>How many messages were delivered.</summary>
    public int Received { get; init; }

    /// <summary>How many were handled now.</summary>
    public int Processed { get; init; }

    /// <summary>How many had been handled before.</summary>
    public int Duplicates { get; init; }

    /// <summary>How many come again.</summary>
    public int Retried { get; init; }

    /// <summary>How many were copied to the dead letters and ended.</summary>
    public int DeadLettered { get; init; }

    /// <summary>Counts the outcomes of a batch.</summary>
    /// <param name="outcomes">One for each message.</param>
    public static ConsumedCounts Of(IReadOnlyList<MessageOutcome> outcomes) => new()
    {
        Received = outcomes.Count,
        Processed = outcomes.Count(outcome => outcome is MessageOutcome.Processed),
        Duplicates = outcomes.Count(outcome => outcome is MessageOutcome.Duplicate),
        Retried = outcomes.Count(outcome => outcome is MessageOutcome.Retry),
        DeadLettered = outcomes.Count(outcome => outcome is MessageOutcome.DeadLetter),
    };

    /// <summary>The counts of this and others together.</summary>
    /// <param name="other">The others.</param>
    internal ConsumedCounts Add(ConsumedCounts other) => new()
    {
        Received = Received + other.Received,
        Processed = Processed + other.Processed,
        Duplicates = Duplicates + other.Duplicates,
        Retried = Retried + other.Retried,
        DeadLettered = DeadLettered + other.DeadLettered,
    };
}
