using System.CommandLine;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>The dead letters: what they are, and sending them back where they came from.</summary>
internal static class DeadLettersCommand
{
    private const int DefaultLimit = 50;

    internal static Command Create(SharedOptions shared)
    {
        var list = CreateList("list", shared);
        var command = CreateList("dead-letters", shared);
        command.Subcommands.Add(list);
        command.Subcommands.Add(ActionCommand.Create(
            RowAction.Redrive,
            "Send dead letters back where they came from, with their attempts given back: one first, then more, stopping by itself where they fail",
            shared,
            OperationTarget.DeadLetters));
        return command;
    }

    private static Command CreateList(string name, SharedOptions shared)
    {
        var selection = SharedOptions.DeadLetters();
        var limit = new Option<int>("--limit") { Description = "The most dead letters", DefaultValueFactory = _ => DefaultLimit };
        var command = new Command(name, "List dead letters without taking them away; `dead-letters redrive` sends them back");
        command.Arguments.Add(selection);
        command.Options.Add(limit);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var connection = shared.Open(result);
            var answer = await connection.AskAsync(
                new OperateRequest
                {
                    Command = OperateCommand.List,
                    Of = OperationTarget.DeadLetters,
                    Selection = SharedOptions.Join(result.GetValue(selection)),
                    Limit = Math.Max(1, result.GetValue(limit)),
                },
                cancellationToken);
            var views = shared.Views(result);
            if (!views.WroteJson(answer))
            {
                Tell(views, answer);
            }

            return answer.DeadLetters!.Count == 0 ? ExitCodes.Nothing : ExitCodes.Done;
        });
        return command;
    }

    private static void Tell(Views views, OperateAnswer answer)
    {
        var letters = answer.DeadLetters!;
        if (letters.Count > 0)
        {
            views.DeadLetters(letters, TimeProvider.System.GetUtcNow());
            foreach (var why in letters.Where(letter => letter.ErrorMessage is not null)
                .Select(letter => $"{letter.ErrorCode}: {letter.ErrorMessage}").Distinct().Take(5))
            {
                views.Say(why);
            }
        }

        views.Say(
            letters.Count == 0 && answer.DeadLetterCount == 0
                ? "There are no dead letters."
            : letters.Count == 0
                ? $"No dead letter is selected ({Views.Number(answer.Seen ?? 0)} of about {Views.Number(answer.DeadLetterCount ?? 0)} were "
                    + "looked at)."
            : answer.DeadLetterCount > answer.Seen
                ? $"{letters.Count} dead letters, of {Views.Number(answer.Seen ?? 0)} that were looked at; there are about "
                    + $"{Views.Number(answer.DeadLetterCount ?? 0)}. --limit shows more of them."
            : $"{Views.Count(letters.Count, "dead letter")}.");
        if (letters.Count > 0)
        {
            views.Say("Where the cause is gone:");
            foreach (var error in letters.GroupBy(letter => letter.ErrorCode).Where(error => error.Key is not null))
            {
                views.Say($"  {Views.Count(error.Count(), "dead letter")}: {views.Command($"dead-letters redrive error:{error.Key}")}");
            }

            views.Say($"  all of them: {views.Command("dead-letters redrive state:dead")}");
        }
    }
}
