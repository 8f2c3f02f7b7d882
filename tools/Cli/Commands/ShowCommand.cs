using System.CommandLine;
using Relaybox.Cli.Output;
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
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var connection = shared.Open(result);
            var answer = await connection.AskAsync(
                new OperateRequest { Command = OperateCommand.Show, EventId = result.GetValue(eventId), WithPayload = result.GetValue(payload) },
                cancellationToken);
            var views = shared.Views(result);
            if (!views.WroteJson(answer))
            {
                views.Row(answer.Row!);
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
