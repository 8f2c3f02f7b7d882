using System.CommandLine;
using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>An action on parked rows or dead letters: it tells what it would do, asks, and shows how far it is.</summary>
internal static class ActionCommand
{
    internal static Command Create(RowAction action, string description, SharedOptions shared, OperationTarget of = OperationTarget.Rows)
    {
        var ofRows = of == OperationTarget.Rows;
        var selection = ofRows ? SharedOptions.Selection() : SharedOptions.DeadLetters();
        var yes = new Option<bool>("--yes") { Description = "Do it without asking" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be done" };
        var reason = new Option<string?>("--reason") { Description = "Why, for those who read the audit later; asked for on a terminal" };
        var rate = new Option<int?>("--rate") { Description = $"The most {Items(of)} in a second. Default: as many as it takes" };
        var duplicates = new Option<bool>("--delete-duplicates")
        {
            Description = "Delete those, too, that the broker calls duplicates and does not store",
        };
        var command = new Command(Views.Name(action), description);
        command.Arguments.Add(selection);
        command.Options.Add(yes);
        command.Options.Add(dryRun);
        command.Options.Add(reason);
        command.Options.Add(rate);
        if (!ofRows)
        {
            command.Options.Add(duplicates);
        }

        command.SetAction(async (result, cancellationToken) =>
        {
            var text = string.Join(' ', result.GetValue(selection) ?? []);
            if (text.Length == 0)
            {
                throw new CliException(
                    ExitCodes.WrongUse,
                    ofRows
                        ? "Which rows? Write a selection, such as error:publish.* or id:EVENT_ID; state:failed means all parked rows."
                        : "Which dead letters? Write a selection, such as error:message.* or id:EVENT_ID; state:dead means all.");
            }

            await using var connection = shared.Open(result);
            var views = shared.Views(result);
            if (!Console.IsErrorRedirected)
            {
                Console.Error.WriteLine(ofRows ? "Looking at the parked rows …" : "Looking at the dead letters …");
            }

            var preview = await connection.AskAsync(
                new OperateRequest { Command = OperateCommand.Preview, Of = of, Selection = text }, cancellationToken);
            if (!views.IsJson)
            {
                Tell(views, action, of, preview);
            }

            if (preview.Count == 0 || result.GetValue(dryRun))
            {
                views.WroteJson(preview);
                return preview.Count == 0 ? ExitCodes.Nothing : ExitCodes.Done;
            }

            var why = result.GetValue(reason);
            if (!result.GetValue(yes))
            {
                why = Ask(action, why);
            }

            if (string.IsNullOrWhiteSpace(why))
            {
                throw new CliException(ExitCodes.WrongUse, "An action needs a reason: --reason \"…\".");
            }

            var begun = await connection.AskAsync(
                new OperateRequest
                {
                    Command = OperateCommand.Begin,
                    Of = of,
                    Action = action,
                    Selection = text,
                    ConfirmedAt = preview.At,
                    Reason = why,
                    Caller = Caller.Name,
                    Rate = result.GetValue(rate),
                    DeleteDuplicates = !ofRows && result.GetValue(duplicates),
                },
                cancellationToken);
            return await OperationProgress.FollowAsync(connection, views, begun.Operation!.Id, of, preview.Count, cancellationToken);
        });
        return command;
    }

    private static void Tell(Views views, RowAction action, OperationTarget of, OperateAnswer preview)
    {
        if (preview.Count == 0)
        {
            views.Say($"No {(of == OperationTarget.Rows ? "parked row" : "dead letter")} is selected ({Seen(of, preview)}).");
            return;
        }

        views.Say(
            $"{Views.Name(action)}: {Views.Number(preview.Count ?? 0)} {Items(of)}, {(of == OperationTarget.Rows ? "parked" : "dead")} "
            + $"between {preview.Oldest:u} and {preview.Newest:u}.");
        foreach (var (code, count) in preview.Errors!.OrderByDescending(error => error.Value))
        {
            views.Say($"  {Views.Number(count),8}  {(code.Length == 0 ? "without an error code" : code)}");
        }

        if (of == OperationTarget.Rows)
        {
            views.Rows(preview.Rows!, preview.At!.Value);
        }
        else
        {
            views.DeadLetters(preview.DeadLetters!, preview.At!.Value);
            if (preview.IsWhole != true)
            {
                views.Say($"This is not all: {Seen(of, preview)}. Those that were not looked at and are selected are redriven, too.");
            }
        }
    }

    private static string Items(OperationTarget of) => of == OperationTarget.Rows ? "rows" : "dead letters";

    private static string Seen(OperationTarget of, OperateAnswer preview) => of == OperationTarget.Rows
        ? $"{Views.Number(preview.Seen ?? 0)} were looked at"
        : $"{Views.Number(preview.Seen ?? 0)} of about {Views.Number(preview.DeadLetterCount ?? 0)} were looked at";

    /// <returns>The reason.</returns>
    private static string? Ask(RowAction action, string? reason)
    {
        if (Console.IsInputRedirected)
        {
            throw new CliException(ExitCodes.WrongUse, "Nobody can be asked here. Pass --yes and --reason, or --dry-run.");
        }

        Console.Write($"Type {Views.Name(action)} to do it: ");
        if (Console.ReadLine()?.Trim() != Views.Name(action))
        {
            throw new CliException(ExitCodes.Nothing, "Nothing was done.");
        }

        if (string.IsNullOrWhiteSpace(reason))
        {
            Console.Write("Why (for the audit): ");
            reason = Console.ReadLine();
        }

        return reason;
    }
}
