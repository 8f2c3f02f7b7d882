namespace Relaybox.Timing;

/// <summary>The moment by which work must have ended, and whether there is time to begin more.</summary>
/// <param name="at">The moment.</param>
/// <param name="time">The clock.</param>
/// <param name="ended">Once it is cancelled, there is time for nothing more; what has begun has its time.</param>
internal sealed class WorkDeadline(DateTimeOffset at, TimeProvider time, CancellationToken ended = default)
{
    /// <summary>The moment by which work must have ended.</summary>
    public DateTimeOffset At { get; } = at;

    /// <summary>The clock.</summary>
    internal TimeProvider Time => time;

    /// <summary>The time left; never negative.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = At - time.GetUtcNow();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>A deadline some time from now.</summary>
    /// <param name="remaining">The time until then. Zero or less: already over.</param>
    /// <param name="time">The clock.</param>
    public static WorkDeadline After(TimeSpan remaining, TimeProvider time) => new(time.GetUtcNow() + remaining, time);

    /// <summary>A deadline that leaves a margin before this one.</summary>
    /// <param name="margin">How much earlier.</param>
    public WorkDeadline Before(TimeSpan margin) => new(At - margin, time, ended);

    /// <summary>The same deadline, with time for nothing more once a token is cancelled. What has begun has its time.</summary>
    /// <param name="token">The token.</param>
    public WorkDeadline EndedBy(CancellationToken token) => new(At, time, token);

    /// <summary>Whether at least this much time is left.</summary>
    /// <param name="needed">The time that the work needs.</param>
    public bool HasTimeFor(TimeSpan needed) => !ended.IsCancellationRequested && Remaining >= needed;

    /// <summary>A scope whose token cancels at the deadline, or with the given token.</summary>
    /// <param name="cancellationToken">The token to link.</param>
    public DeadlineScope BeginScope(CancellationToken cancellationToken) => new(Remaining, time, cancellationToken);
}
