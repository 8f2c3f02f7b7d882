namespace Relaybox.Outbox.Relay;

/// <summary>How a relay works.</summary>
internal sealed record RelayOptions
{
    /// <summary>
    /// The most rows of one claim. Default: 500; larger ones only widen the window for duplicates. A claim is smaller where the last
    /// batch says that there is no time for as many.
    /// </summary>
    public int BatchSize { get; init; } = 500;

    /// <summary>The most bytes of one claim. Default: what fits a function of 1 GiB.</summary>
    public long BatchBytes { get; init; } = ClaimLimit.DefaultBytes;

    /// <summary>How rows are held while they are published. Default: by a lease.</summary>
    public RelayMode Mode { get; init; } = RelayMode.Lease;

    /// <summary>
    /// Whether the first rows of a process are leased in the mode Locked, too: they may be those that ended the last process, and
    /// only a lease leaves a trace of that. Default: yes.
    /// </summary>
    public bool BeginsWithLeases { get; init; } = true;

    /// <summary>How long a claim holds, or a lock at most. Default: 120 seconds; longer than the function's timeout.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>After how many failed attempts a row is parked. Default: 10. An outage of the broker uses up none.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>The delay after the first failed attempt; it doubles with each further one. Default: 2 seconds.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest delay. Default: 5 minutes.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The delay after the broker was out of reach, spread over as much again. Default: 2 seconds, so that what was held up goes out
    /// within five seconds of its return. An outage costs no more for it: a drain ends with the first batch that meets it.
    /// </summary>
    public TimeSpan OutageDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The time that is kept free at the end for recording what was published. Default: 3 seconds.</summary>
    public TimeSpan RecordMargin { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Without this much time left, no further batch is claimed. Default: 6 seconds.</summary>
    public TimeSpan MinimumBatchTime { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Nothing is published any more when a claim's lease has less than this left, or less than a quarter of itself: what goes
    /// out must arrive before another relay may send it again. Default: 5 seconds.
    /// </summary>
    public TimeSpan LeaseMargin { get; init; } = TimeSpan.FromSeconds(5);
}
