using Relaybox.Outbox;

namespace Relaybox.Inbox;

/// <summary>How a consumer works.</summary>
internal sealed record ConsumerOptions
{
    /// <summary>How long a claim holds. Default: 60 seconds; longer than the function's timeout.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>After how many claims a message counts as exhausted. Default: 5; at most the queue's maxReceiveCount.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>
    /// How long the inbox remembers what was processed: a message that was sent longer ago is not handled, since nobody can say
    /// whether it was. Default: 21 days.
    /// </summary>
    public TimeSpan RememberedFor { get; init; } = TimeSpan.FromDays(21);

    /// <summary>How many messages of a batch are handled at once. Default: 10.</summary>
    public int Concurrency { get; init; } = 10;

    /// <summary>
    /// The most bytes of payloads out of the payload store that are in memory at once. A single payload may have as many. Default: what fits
    /// a function of 1 GiB.
    /// </summary>
    public long PayloadBytes { get; init; } = ClaimLimit.DefaultBytes;

    /// <summary>The delay after the first failed attempt; it doubles with each further one. Default: 2 seconds.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest delay. Default: 5 minutes.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Without this much time left, no further message is begun. Default: 3 seconds.</summary>
    public TimeSpan MinimumHandlerTime { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>After how long a message comes again that could not be copied to the dead letters. Default: 30 seconds.</summary>
    public TimeSpan DeadLetterRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long a message comes again while no handler at all is registered. Default: an hour.</summary>
    public TimeSpan NoHandlersDelay { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The time that is kept free at the end for recording a failure. Default: 1 second.</summary>
    public TimeSpan RecordMargin { get; init; } = TimeSpan.FromSeconds(1);
}
