namespace Relaybox.Timing;

/// <summary>Arithmetic on times that come from outside: it never leaves the calendar, and never throws.</summary>
internal static class TimeArithmetic
{
    /// <summary>A time that is later by a duration; the calendar's last moment where it would be later than that.</summary>
    internal static DateTimeOffset Later(this DateTimeOffset time, TimeSpan duration) =>
        duration > DateTimeOffset.MaxValue - time ? DateTimeOffset.MaxValue : time + duration;
}
