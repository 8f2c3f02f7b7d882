using System.CommandLine;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>Why a row is not sent.</summary>
internal static class WhyCommand
{
    internal static Command Create(SharedOptions shared)
    {
        var eventId = new Argument<string>("EVENT_ID") { Description = "The event's id" };
        var command = new Command("why", "Say why a row is not sent, and what to type");
        command.Arguments.Add(eventId);
        command.SetAction((result, cancellationToken) => shared.AnswerAsync(
            result,
            new OperateRequest { Command = OperateCommand.Why, EventId = result.GetValue(eventId) },
            (views, answer) => views.Say(string.Join('\n', answer.Why!)),
            cancellationToken));
        return command;
    }
}
