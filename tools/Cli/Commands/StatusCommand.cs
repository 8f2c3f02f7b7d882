using System.CommandLine;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>How the outbox stands.</summary>
internal static class StatusCommand
{
    internal static Command Create(SharedOptions shared)
    {
        var command = new Command("status", "Say how many rows are in which status, and for how long the oldest has been due");
        command.SetAction((result, cancellationToken) => shared.AnswerAsync(
            result, new OperateRequest { Command = OperateCommand.Status }, (views, answer) => views.Status(answer), cancellationToken));
        return command;
    }
}
