using System.Text.Json;

namespace Relaybox.Cli.Connections;

/// <summary>
/// The schedules of a stack's functions, which are a group of the stack's name. See
/// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html
/// </summary>
/// <param name="scheduler">EventBridge Scheduler.</param>
/// <param name="stack">The stack's name.</param>
internal sealed class Schedules(AwsApi scheduler, string stack)
{
    /// <summary>The group's name.</summary>
    internal string Group => stack;

    /// <summary>Reads the names of the schedules, and whether each is on; none where there is no such group. One page holds more schedules than a
    /// stack has.</summary>
    /// <exception cref="CliException">The service cannot be reached, or refuses.</exception>
    internal async Task<IReadOnlyList<(string Name, bool IsOn)>> ListAsync(CancellationToken cancellationToken) =>
        await scheduler.FindAsync(HttpMethod.Get, $"/schedules?ScheduleGroup={stack}", null, Read, Explain, cancellationToken) ?? [];

    private static IReadOnlyList<(string Name, bool IsOn)> Read(JsonElement answer) =>
    [
        .. answer.GetProperty("Schedules").EnumerateArray().Select(schedule => (
            schedule.GetProperty("Name").GetString() ?? "", schedule.GetProperty("State").GetString() != "DISABLED")),
    ];

    private string Explain(string code) => code == "AccessDeniedException"
        ? $"You may not see the schedules of the group {stack}. Ask for scheduler:ListSchedules on *; see docs/cli.md, Doctor."
        : $"{scheduler.Name} refuses to list the schedules of the group {stack} ({code}). Try again.";
}
