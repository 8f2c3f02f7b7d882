using System.CommandLine;
using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>An action on parked rows, sent rows or dead letters: it tells what it would do, asks, and shows how far it is.</summary>
internal static class ActionCommand
{
    internal static Command Create(RowAction action, string description, SharedOptions shared, OperationTarget of = OperationTarget.Rows)
    {
        var selection = of switch
        {
            OperationTarget.Rows => SharedOptions.Selection(),
            OperationTarget.DeadLetters => SharedOptions.DeadLetters(),
            _ => SharedOptions.SentRows(),
        };
        var yes = new Option<bool>("--yes") { Description = "Do it without asking" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be done" };
        var reason = new Option<string?>("--reason")
        {
            Description = "Why, for those who read the audit later. Without a terminal it has to be given; on one it is asked for",
        };
        var rate = new Option<int?>("--rate") { Description = $"The most {Item(of)}s in a second. Default: as many as it takes" };
        var duplicates = new Option<bool>("--delete-duplicates")
        {
            Description = "Delete those, too, that the broker calls duplicates and does not store",
        };
        var reprocess = new Option<bool>("--reprocess")
        {
            Description = "Have the events handled again: every consumer runs its handlers once more, whatever it remembers",
        };
        var command = new Command(of == OperationTarget.SentRows ? "replay" : Views.Name(action), description);
        command.Arguments.Add(selection);
        command.Options.Add(yes);
        command.Options.Add(dryRun);
        command.Options.Add(reason);
        command.Options.Add(rate);
        if (of == OperationTarget.DeadLetters)
        {
            command.Options.Add(duplicates);
        }

        if (of == OperationTarget.SentRows)
        {
            command.Options.Add(reprocess);
        }

        command.SetAction(async (result, cancellationToken) =>
        {
            var text = SharedOptions.Join(result.GetValue(selection));
            if (text.Length == 0)
            {
                throw new CliException(
                    ExitCodes.WrongUse,
                    of switch
                    {
                        OperationTarget.Rows =>
                            "Which rows? Write a selection, such as error:publish.* or id:EVENT_ID; state:failed means all parked rows.",
                        OperationTarget.DeadLetters =>
                            "Which dead letters? Write a selection, such as error:message.* or id:EVENT_ID; state:dead means all.",
                        _ => "Which sent rows? Write a selection, such as subject:orders.> newer:2h or id:EVENT_ID; state:sent means all.",
                    });
            }

            var chosen = of == OperationTarget.SentRows && result.GetValue(reprocess) ? RowAction.Reprocess : action;
            var why = result.GetValue(reason);
            var isDry = result.GetValue(dryRun);
            if (!isDry)
            {
                RequireAnswers(result.GetValue(yes), why);
            }

            await using var connection = shared.Open(result);
            var views = shared.Views(result);
            if (!Console.IsErrorRedirected)
            {
                Console.Error.WriteLine($"Looking at the {RowSelection.Items(of)} …");
            }

            var preview = await connection.AskAsync(
                new OperateRequest { Command = OperateCommand.Preview, Of = of, Selection = text }, cancellationToken);
            if (!views.IsJson)
            {
                Tell(views, chosen, of, text, preview);
            }

            if (preview.Count == 0 || isDry)
            {
                if (!views.WroteJson(preview) && preview.Count > 0)
                {
                    views.Say($"Nothing was changed. To do it: {views.Command(AsTyped(command, chosen, text))} --yes --reason \"…\"");
                }

                return preview.Count == 0 ? ExitCodes.Nothing : ExitCodes.Done;
            }

            if (!result.GetValue(yes))
            {
                why = Ask(chosen, why);
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
                    Action = chosen,
                    Selection = text,
                    ConfirmedAt = preview.At,
                    Reason = why,
                    Caller = Caller.Name,
                    Rate = result.GetValue(rate),
                    DeleteDuplicates = of == OperationTarget.DeadLetters && result.GetValue(duplicates),
                },
                cancellationToken);
            return await OperationProgress.FollowAsync(connection, views, begun.Operation!.Id, of, preview.Count, cancellationToken);
        });
        return command;
    }

    private static void Tell(Views views, RowAction action, OperationTarget of, string selection, OperateAnswer preview)
    {
        if (preview.Count == 0)
        {
            views.Say($"No {RowSelection.Items(of)[..^1]} is selected ({Seen(of, preview)}).");
            return;
        }

        views.Say(
            $"{Views.Name(action)}: {Views.Count(preview.Count ?? 0, Item(of))}, {State(of)} between {preview.Oldest:u} and {preview.Newest:u}.");
        foreach (var (code, count) in preview.Errors!.OrderByDescending(error => error.Value).Where(_ => of != OperationTarget.SentRows))
        {
            views.Say($"  {Views.Number(count),8}  {(code.Length == 0 ? "without an error code" : code)}");
        }

        if (of == OperationTarget.DeadLetters)
        {
            views.DeadLetters(preview.DeadLetters!, preview.At!.Value);
        }
        else
        {
            views.Rows(preview.Rows!, preview.At!.Value);
        }

        var shown = preview.DeadLetters?.Count ?? preview.Rows!.Count;
        if (preview.Count > shown)
        {
            var list = of switch
            {
                OperationTarget.DeadLetters => "dead-letters",
                OperationTarget.SentRows => selection.Contains("state:sent", StringComparison.Ordinal) ? "list" : "list state:sent",
                _ => "list",
            };
            views.Say($"And {Views.Number(preview.Count.Value - shown)} more. To see all: {views.Command($"{list} {Quoted(selection)}")}");
        }

        if (preview.IsWhole != true)
        {
            views.Say($"This is not all: {Seen(of, preview)}. Those that were not looked at and are selected are meant, too.");
        }

        if (action == RowAction.Reprocess)
        {
            views.Say("Every consumer handles these events once more: its effects happen again, beside those of the first time.");
        }
    }

    private static string Item(OperationTarget of) => of == OperationTarget.DeadLetters ? "dead letter" : "row";

    private static string State(OperationTarget of) => of switch
    {
        OperationTarget.Rows => "parked",
        OperationTarget.DeadLetters => "dead",
        _ => "sent",
    };

    private static string Seen(OperationTarget of, OperateAnswer preview) => of == OperationTarget.DeadLetters
        ? $"{Views.Number(preview.Seen ?? 0)} of about {Views.Number(preview.DeadLetterCount ?? 0)} were looked at"
        : $"{Views.Number(preview.Seen ?? 0)} were looked at";

    // As a person would type it for the same rows.
    private static string AsTyped(Command command, RowAction action, string selection) =>
        $"{(command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand ? $"{parent.Name} " : "")}{command.Name} "
        + $"{Quoted(selection)}{(action == RowAction.Reprocess ? " --reprocess" : "")}";

    // What a shell would take for something else stands in quotes.
    private static string Quoted(string selection) => selection.AsSpan().ContainsAny("\"<>*?&|;$`") ? $"'{selection}'" : selection;

    // Before anything is looked at: what was told would read as if it had been done.
    private static void RequireAnswers(bool yes, string? reason)
    {
        if (Console.IsInputRedirected && (!yes || string.IsNullOrWhiteSpace(reason)))
        {
            var missing = yes ? "--reason \"…\"" : string.IsNullOrWhiteSpace(reason) ? "--yes and --reason \"…\"" : "--yes";
            throw new CliException(
                ExitCodes.WrongUse, $"Nothing was done: nobody can be asked here. Add {missing}, or look first with --dry-run.");
        }
    }

    /// <returns>The reason.</returns>
    private static string? Ask(RowAction action, string? reason)
    {
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
