using System.CommandLine;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>How the outbox stands.</summary>
internal static class StatusCommand
{
    internal static Command Create(SharedOptions shared)
    {
        var command = new Command("status", "Say how many rows are in which status, and for how long the oldest has been due");
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var connection = shared.Open(result);
            var answer = await connection.AskAsync(new OperateRequest { Command = OperateCommand.Status }, cancellationToken);
            var views = shared.Views(result);
            if (!views.WroteJson(answer))
            {
                views.Status(answer);
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
