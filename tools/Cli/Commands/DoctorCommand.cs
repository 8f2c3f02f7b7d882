using System.CommandLine;
using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;
using Relaybox.Settings;

namespace Relaybox.Cli.Commands;

/// <summary>What is wrong with the system, and what to type.</summary>
internal static class DoctorCommand
{
    internal static Command Create(SharedOptions shared)
    {
        var command = new Command(
            "doctor",
            "Check settings, schema, rights, clocks, queues or streams, handlers, event sources and schedules, and what is parked; say what is wrong "
            + "and what to type. It changes nothing");
        command.SetAction(async (result, cancellationToken) =>
        {
            var findings = await FindAsync(() => shared.Open(result), cancellationToken);
            var views = shared.Views(result);
            if (!views.WroteJson(new OperateAnswer { Findings = findings }))
            {
                views.Findings(findings);
            }

            return ExitCodeOf(findings);
        });
        return command;
    }

    /// <summary>What the process ends with.</summary>
    internal static int ExitCodeOf(IReadOnlyList<Finding> findings)
    {
        var problems = findings.Where(finding => finding.Severity == FindingSeverity.Problem).ToList();
        return problems.Count == 0 ? ExitCodes.Done
            : problems.TrueForAll(finding => finding.Id is Doctor.StoreFailed or Doctor.SecretUnreadable) ? ExitCodes.OutOfReach
            : ExitCodes.Nothing;
    }

    // Settings with which no store can be asked are findings like any other.
    private static async Task<IReadOnlyList<Finding>> FindAsync(Func<IOperatorConnection> open, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = open();
            var answer = await connection.AskAsync(new OperateRequest { Command = OperateCommand.Doctor }, cancellationToken);
            return
            [
                .. answer.Findings ?? [],
                .. await new Doctor(ChecksOfTriggers(connection, answer.Pauses), TimeProvider.System).ExamineAsync(cancellationToken),
            ];
        }
        catch (CliException exception) when (exception.InnerException is SettingsException wrong)
        {
            return SettingsCheck.Of(wrong.Errors);
        }
    }

    // A function cannot see what invokes it.
    private static IEnumerable<IDoctorCheck> ChecksOfTriggers(IOperatorConnection connection, IReadOnlyList<Pause>? pauses)
    {
        if (connection.Sources is { } sources)
        {
            yield return new EventSourcesCheck(sources, pauses);
        }

        if (connection.Schedules is { } schedules)
        {
            yield return new SchedulesCheck(schedules);
        }
    }
}
