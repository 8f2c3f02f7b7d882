using Relaybox.Local.Running;

namespace Relaybox.Local.Chaos;

/// <summary>Short times, so that the faults of a minute can be many.</summary>
internal static class Haste
{
    /// <summary>Every lease, and the visibility timeout of the queues.</summary>
    public const int LeaseSeconds = 5;

    // Short leases and runs, and no attempts that faults could use up.
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["INBOX_LEASE_SECONDS"] = $"{LeaseSeconds}",
        ["RELAY_LEASE_SECONDS"] = $"{LeaseSeconds}",
        ["STALE_AFTER_SECONDS"] = "0",
        ["INBOX_MAX_ATTEMPTS"] = "1000",
        ["RELAY_MAX_ATTEMPTS"] = "1000",
        ["SWEEP_LISTEN_SECONDS"] = "10",
        ["PULL_SECONDS"] = "10",
    };

    /// <summary>The same run with short times, and without schedules: <see cref="ScheduleDriver"/> takes their place.</summary>
    public static RunnerOptions Of(RunnerOptions options) => options with
    {
        Environment = options.Environment.Concat(Environment).ToDictionary(),
        Properties = new Dictionary<string, string>(options.Properties) { ["Queue.RedrivePolicy.maxReceiveCount"] = "1000" },
        VisibilitySeconds = LeaseSeconds,
        RunSchedules = false,
    };
}
