using Relaybox.Cli.Connections;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>Whether the schedules of a stack are on.</summary>
/// <param name="schedules">The schedules.</param>
internal sealed class SchedulesCheck(Schedules schedules) : IDoctorCheck
{
    /// <inheritdoc />
    public string Name => "schedules";

    /// <inheritdoc />
    public string Passed => "All schedules of the stack are on.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await schedules.ListAsync(cancellationToken);
            var off = found.Where(schedule => !schedule.IsOn).Select(schedule => schedule.Name).Order(StringComparer.Ordinal).ToList();
            return found.Count == 0
                ?
                [
                    Finding.Problem(
                        $"{Name}.missing",
                        $"There is no schedule in the group {schedules.Group}: nothing that the stack does once a minute or once an hour is done.",
                        "Deploy the stack again; where the stack was not deployed by template.yaml, make its schedules anew."),
                ]
                : off.Count == 0 ? []
                :
                [
                    Finding.Problem(
                        $"{Name}.off",
                        $"Of the schedules in the group {schedules.Group}, these are off: {string.Join(", ", off)}.",
                        "Deploy again with ScheduleState=ENABLED; or switch them on at once in the console of EventBridge Scheduler, group "
                        + $"{schedules.Group}."),
                ];
        }
        catch (CliException exception)
        {
            return [Finding.Unknown(Name, exception.Message)];
        }
    }
}
