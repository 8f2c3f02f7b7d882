using System.CommandLine;
using Relaybox.Cli.Output;
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
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var connection = shared.Open(result);
            var answer = await connection.AskAsync(
                new OperateRequest { Command = OperateCommand.Why, EventId = result.GetValue(eventId) }, cancellationToken);
            var views = shared.Views(result);
            if (!views.WroteJson(answer))
            {
                foreach (var sentence in answer.Why!)
                {
                    views.Say(sentence);
                }
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
