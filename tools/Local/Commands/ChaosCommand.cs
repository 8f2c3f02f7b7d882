using System.CommandLine;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Local.Running;

namespace Relaybox.Local.Commands;

/// <summary>Harms a stack that works, for as long as one likes, and proves that nothing was lost and nothing happened twice.</summary>
internal static class ChaosCommand
{
    private const double DuplicatePercent = 10;

    public static Command Create()
    {
        var options = new StackCommandOptions();
        options.PortBase.DefaultValueFactory = _ => 0;
        var minutes = new Option<double>("--minutes") { Description = "For how long there are faults", DefaultValueFactory = _ => 1 };
        var seed = new Option<int?>("--seed") { Description = "Chooses the faults; a run prints its own" };
        var every = new Option<double?>("--kill-every")
        {
            Description = "Only kill functions, one each so many seconds, and leave the servers alone",
        };
        var rate = new Option<double>("--rate") { Description = "Orders a second", DefaultValueFactory = _ => 15 };
        var command = new Command("chaos", "Kill, stop and cut whatever works on a stream of orders, and count what came of them");
        options.AddTo(command);
        command.Options.Add(minutes);
        command.Options.Add(seed);
        command.Options.Add(every);
        command.Options.Add(rate);
        command.SetAction(async (result, cancellationToken) => await RunAsync(
            options.Read(result),
            Checked(new ChaosOptions
            {
                Seed = result.GetValue(seed) ?? Random.Shared.Next(1_000_000),
                Duration = TimeSpan.FromMinutes(result.GetValue(minutes)),
                Pause = result.GetValue(every) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                Rate = result.GetValue(rate),
            }),
            cancellationToken));
        return command;
    }

    private static ChaosOptions Checked(ChaosOptions options)
    {
        if (options.Duration <= TimeSpan.Zero || options.Duration > TimeSpan.FromDays(1))
        {
            throw new RunnerException(
                $"--minutes {options.Duration.TotalMinutes}: expected more than 0 and at most {TimeSpan.FromDays(1).TotalMinutes}.");
        }

        if (options.Pause is { } pause && (pause < TimeSpan.FromSeconds(0.1) || pause > TimeSpan.FromHours(1)))
        {
            throw new RunnerException($"--kill-every {pause.TotalSeconds}: expected 0.1 to 3600 seconds.");
        }

        return options.Rate is > 0 and <= 10_000
            ? options
            : throw new RunnerException($"--rate {options.Rate}: expected more than 0 orders a second.");
    }

    private static Task<int> RunAsync(RunnerOptions runnerOptions, ChaosOptions options, CancellationToken cancellationToken)
    {
        var progress = new ProgressLine();
        progress.Say($"Seed {options.Seed}.");

        // What functions say of their deaths is expected here: it is in the log.
        return new LoggedRun("chaos", progress) { IsQuiet = true }.RunAsync(
            Haste.Of(runnerOptions with { DuplicatePercent = DuplicatePercent }),
            "",
            async (runner, app) =>
            {
                var summary = await new ChaosRun(runner, app, options, progress.Say).RunAsync(cancellationToken);
                progress.End();
                Console.WriteLine();
                Console.Write(summary.ToText());
                Console.WriteLine(
                    summary.IsClean ? "\n  Every order had its effect exactly once." : "\n  NOT every order had its effect exactly once.");
                return summary.IsClean;
            },
            cancellationToken);
    }
}
