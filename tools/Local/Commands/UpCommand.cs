using System.CommandLine;
using Relaybox.Local.Output;
using Relaybox.Local.Running;

namespace Relaybox.Local.Commands;

/// <summary>Runs the template until it is stopped.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var options = new StackCommandOptions();
        var detach = new Option<bool>("--detach")
        {
            Description = "Return once everything is ready, and leave it running; its output goes to up.log of the state folder",
        };
        var visibility = new Option<int?>("--visibility")
        {
            Description =
                "Seconds after which a message that a function did not finish comes back; "
                + "replaces the visibility timeout of queues that feed a function",
        };
        var command = new Command("up", "Run the template on this machine until Ctrl-C");
        options.AddTo(command);
        command.Options.Add(detach);
        command.Options.Add(visibility);
        command.SetAction(async (result, cancellationToken) =>
        {
            var run = options.Read(result) with { VisibilitySeconds = result.GetValue(visibility) };
            return result.GetValue(detach)
                ? await DetachedStart.RunAsync(run, cancellationToken)
                : await RunAsync(run, ConsoleOutput.Standard(), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(RunnerOptions options, ConsoleOutput output, CancellationToken cancellationToken)
    {
        try
        {
            await using var runner = await LocalRunner.StartAsync(options, output, cancellationToken);
            foreach (var host in runner.Functions.Values)
            {
                output.Information($"{host.Function.ShortName} is ready (pid {string.Join(", ", host.Pids)})");
            }

            foreach (var reservation in runner.Servers.Reservations)
            {
                output.Information(reservation);
            }

            output.Information($"Ready. In another shell: source {Path.Combine(options.StateDirectory, "env")}");
            var failure = await runner.FailureAsync(cancellationToken);
            output.Error($"{failure} Stopping everything.");
            return 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            output.Information("Stopped.");
            return 0;
        }
    }
}
