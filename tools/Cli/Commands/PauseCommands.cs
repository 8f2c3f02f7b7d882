using System.CommandLine;
using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>Lets the relay or the consumer of a stack rest, and work again.</summary>
internal static class PauseCommands
{
    // A run that was at work looks for a pause every five seconds.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    internal static Command CreatePause(SharedOptions shared)
    {
        var reason = new Option<string?>("--reason") { Description = "Why, for those who see the pause" };
        var part = Part();
        var command = new Command(
            "pause", "With --stack: let the relay or the consumer rest, for a migration or an incident. Rows and messages wait");
        command.Arguments.Add(part);
        command.Options.Add(reason);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var connection = shared.Open(result);
            var sources = Sources(connection);
            var views = shared.Views(result);
            var paused = Read(result.GetValue(part)!);
            var answer = await connection.AskAsync(
                new OperateRequest
                {
                    Command = OperateCommand.Pause,
                    Part = paused,
                    Reason = result.GetValue(reason) is { } why && !string.IsNullOrWhiteSpace(why)
                        ? why
                        : throw new CliException(ExitCodes.WrongUse, "A pause needs a reason: --reason \"…\"."),
                    Caller = Caller.Name,
                },
                cancellationToken);
            try
            {
                await SwitchAsync(views, sources, paused, isOn: false, cancellationToken);
            }
            catch (CliException exception)
            {
                throw new CliException(
                    exception.ExitCode,
                    $"{exception.Message} The pause itself is noted, and what is scheduled keeps to it; "
                    + $"`{views.Command($"resume {Views.Name(paused)}")}` takes it back.",
                    exception);
            }

            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            if (!views.WroteJson(answer))
            {
                views.Pauses(answer);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    internal static Command CreateResume(SharedOptions shared)
    {
        var part = Part();
        var command = new Command("resume", "With --stack: let a part that was paused work again");
        command.Arguments.Add(part);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var connection = shared.Open(result);
            var sources = Sources(connection);
            var views = shared.Views(result);
            var resumed = Read(result.GetValue(part)!);

            // The pause is forgotten last: what was not switched on is still told as paused.
            await SwitchAsync(views, sources, resumed, isOn: true, cancellationToken);
            var answer = await connection.AskAsync(
                new OperateRequest { Command = OperateCommand.Resume, Part = resumed, Caller = Caller.Name }, cancellationToken);
            if (!views.WroteJson(answer))
            {
                views.Say($"The {Views.Name(resumed)} works again. What is scheduled begins within a minute.");
                views.Pauses(answer);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Argument<string> Part() => new Argument<string>("PART") { Description = "relay (sending) or consumer (handling)" }
        .AcceptOnlyFromAmong(Names());

    private static string[] Names() => [.. Enum.GetValues<PausablePart>().Select(Views.Name)];

    private static PausablePart Read(string name) => Enum.Parse<PausablePart>(name, ignoreCase: true);

    private static EventSources Sources(IOperatorConnection connection) => connection.Sources
        ?? throw new CliException(
            ExitCodes.WrongUse,
            "Which stack? What is paused is a stack's functions and their event sources: name it with --stack. With `./run up` that is "
            + "--stack relaybox, after `source .relaybox/env`.");

    private static async Task SwitchAsync(
        Views views, EventSources sources, PausablePart part, bool isOn, CancellationToken cancellationToken)
    {
        if (!views.IsJson && !Console.IsErrorRedirected)
        {
            Console.Error.WriteLine($"Switching event sources {(isOn ? "on" : "off")}, which takes up to a minute …");
        }

        await sources.SwitchAsync(part, isOn, cancellationToken);
    }
}
