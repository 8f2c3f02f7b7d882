using Relaybox.Timing;

namespace Relaybox.Outbox.Relay;

/// <summary>Claims, and until when they may be worked on.</summary>
internal sealed class ClaimedBatch
{
    private readonly WorkDeadline _deadline;
    private readonly RelayOptions _options;
    private readonly long? _claimedAt;

    /// <param name="claims">The rows.</param>
    /// <param name="deadline">When to be done.</param>
    /// <param name="options">The margins.</param>
    /// <param name="claimedAt">The clock's timestamp from before the claim; null where the claims have no lease.</param>
    internal ClaimedBatch(IReadOnlyList<OutboxClaim> claims, WorkDeadline deadline, RelayOptions options, long? claimedAt)
    {
        Claims = claims;
        _deadline = deadline;
        _options = options;
        _claimedAt = claimedAt;
    }

    internal IReadOnlyList<OutboxClaim> Claims { get; }

    /// <summary>Whether a row has an ordering key, so that others may wait behind it.</summary>
    internal bool HasKeys => Claims.Any(claim => claim.OrderingKey is not null);

    /// <summary>Whether a row may have ended a process that worked on it. Nothing else is claimed while such rows are in hand.</summary>
    internal bool IsSuspect => Claims.Any(claim => claim.Unfinished > 0);

    /// <summary>Whether there is time to claim a batch, publish it and record it.</summary>
    internal static bool HasTime(WorkDeadline deadline, RelayOptions options) =>
        deadline.HasTimeFor(options.MinimumBatchTime) && deadline.Remaining > options.RecordMargin;

    /// <summary>How long rows may be published that were claimed so long ago.</summary>
    internal static TimeSpan TimeToPublish(WorkDeadline deadline, RelayOptions options, TimeSpan sinceClaim)
    {
        var margin = options.LeaseMargin < options.Lease / 4 ? options.LeaseMargin : options.Lease / 4;
        var untilLeaseEnds = options.Lease - margin - sinceClaim;
        var untilDeadline = UntilDeadline(deadline, options);
        return untilLeaseEnds < untilDeadline ? untilLeaseEnds : untilDeadline;
    }

    internal TimeProvider Time => _deadline.Time;

    /// <summary>Whether the rows are ours for a time only. Otherwise nobody gives them back, and they are always tried.</summary>
    internal bool IsLeased => _claimedAt is not null;

    /// <summary>How long rows may still be published: until the lease nears its end, and time is left to record them.</summary>
    internal TimeSpan PublishTime => _claimedAt is { } claimedAt
        // Elapsed time and not the time of day, which may jump.
        ? TimeToPublish(_deadline, _options, Time.GetElapsedTime(claimedAt))
        : UntilDeadline(_deadline, _options);

    private static TimeSpan UntilDeadline(WorkDeadline deadline, RelayOptions options) => deadline.Remaining - options.RecordMargin;

    /// <summary>The same batch with its claims changed, each in its place.</summary>
    internal ClaimedBatch With(IReadOnlyList<OutboxClaim> claims) => new(claims, _deadline, _options, _claimedAt);

    /// <summary>A scope that cancels when rows may no longer be published.</summary>
    internal DeadlineScope BeginPublishing(CancellationToken cancellationToken) =>
        WorkDeadline.After(PublishTime, Time).BeginScope(cancellationToken);
}
