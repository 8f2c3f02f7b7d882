using System.CommandLine;
using Relaybox.Local.Demo;
using Relaybox.Local.Running;

namespace Relaybox.Local.Commands;

/// <summary>Shows that nothing is lost and nothing happens twice, with duplicates made on purpose.</summary>
internal static class DemoCommand
{
    // A process that is killed takes its messages and its claims with it. With the template's times the proof
    // that they come back would take minutes.
    private const int VisibilitySeconds = 15;
    private const string LeaseSeconds = "10";

    public static Command Create()
    {
        var options = new StackCommandOptions();
        options.PortBase.DefaultValueFactory = _ => 0;
        var count = new Option<int>("--count") { Description = "Orders to write", DefaultValueFactory = _ => 1000 };
        var duplicates = new Option<double>("--duplicates")
        {
            Description = "Percent of the deliveries that come twice, in the stream and again in the queue",
            DefaultValueFactory = _ => 10,
        };
        var rate = new Option<double?>("--rate")
        {
            Description = "Orders a second; 0 writes as fast as the emulator takes them, and shows how long the backlog gets. "
                + $"Default: {DemoOptions.EasyRate}, or what it takes to write all within a minute",
        };
        var payload = new Option<int>("--payload")
        {
            Description = "Bytes of each event's payload; the functions have the memory that the template gives them",
        };
        var json = new Option<bool>("--json") { Description = "Print one JSON object on standard output, everything else on standard error" };
        var command = new Command("demo", "Write orders, deliver some of them twice, and prove that each has its effect once");
        options.AddTo(command);
        command.Options.Add(count);
        command.Options.Add(rate);
        command.Options.Add(duplicates);
        command.Options.Add(payload);
        command.Options.Add(json);
        command.SetAction(async (result, cancellationToken) => await RunAsync(
            options.Read(result),
            Checked(new DemoOptions(
                result.GetValue(count),
                result.GetValue(rate) ?? DemoOptions.RateFor(result.GetValue(count)),
                result.GetValue(duplicates),
                result.GetValue(json))
            {
                PayloadBytes = result.GetValue(payload),
            }),
            cancellationToken));
        return command;
    }

    private static DemoOptions Checked(DemoOptions options)
    {
        if (options.Count < 1)
        {
            throw new RunnerException($"--count {options.Count}: expected 1 or more.");
        }

        if (options.Rate is not (>= 0 and < 1_000_000))
        {
            throw new RunnerException($"--rate {options.Rate}: expected 0 or more orders a second.");
        }

        if (options.PayloadBytes is < 0 or > 1 << 20)
        {
            throw new RunnerException($"--payload {options.PayloadBytes}: expected 0 to {1 << 20} bytes.");
        }

        return options.DuplicatePercent is >= 0 and <= 100
            ? options
            : throw new RunnerException($"--duplicates {options.DuplicatePercent}: expected 0 to 100.");
    }

    private static Task<int> RunAsync(RunnerOptions runnerOptions, DemoOptions demo, CancellationToken cancellationToken)
    {
        var progress = new ProgressLine();
        return new LoggedRun("demo", progress).RunAsync(
            runnerOptions with
            {
                DuplicatePercent = demo.DuplicatePercent,
                VisibilitySeconds = VisibilitySeconds,
                Environment = new Dictionary<string, string> { ["INBOX_LEASE_SECONDS"] = LeaseSeconds, ["RELAY_LEASE_SECONDS"] = LeaseSeconds },
            },
            $" Here a message that a killed process held comes back after {VisibilitySeconds} s and its claims "
                + $"end after {LeaseSeconds} s, sooner than in the template, so that you can kill any process of processes.json and watch.",
            async (runner, app) =>
            {
                var summary = await new DemoRun(runner, app, demo, progress, TimeProvider.System).RunAsync(cancellationToken);
                if (demo.Json)
                {
                    progress.Say(summary.ToText());
                    Console.WriteLine(summary.ToJson());
                }
                else
                {
                    progress.End();
                    Console.WriteLine(summary.ToText());
                }

                return summary.IsClean;
            },
            cancellationToken);
    }
}
