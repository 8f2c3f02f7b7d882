using System.CommandLine;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>One row.</summary>
internal static class ShowCommand
{
    internal static Command Create(SharedOptions shared)
    {
        var eventId = new Argument<string>("EVENT_ID") { Description = "The event's id" };
        var payload = new Option<bool>("--payload") { Description = "Show the payload and the values of the headers as well" };
        var command = new Command("show", "Show one row of the outbox, in whatever status it is");
        command.Arguments.Add(eventId);
        command.Options.Add(payload);
        command.SetAction((result, cancellationToken) => shared.AnswerAsync(
            result,
            new OperateRequest { Command = OperateCommand.Show, EventId = result.GetValue(eventId), WithPayload = result.GetValue(payload) },
            (views, answer) => views.Row(answer.Row!),
            cancellationToken));
        return command;
    }
}
