namespace Relaybox.Timing;

/// <summary>Arithmetic on times and durations that never leaves the calendar, and never throws.</summary>
internal static class TimeArithmetic
{
    /// <summary>A time that is later by a duration; the calendar's last moment where it would be later than that.</summary>
    internal static DateTimeOffset Later(this DateTimeOffset time, TimeSpan duration) =>
        duration > DateTimeOffset.MaxValue - time ? DateTimeOffset.MaxValue : time + duration;

    /// <summary>The shorter of two durations.</summary>
    internal static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>The longer of two durations.</summary>
    internal static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
