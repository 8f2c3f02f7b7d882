using System.CommandLine;
using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>An action on parked rows: it tells what it would do, asks, and shows how far it is.</summary>
internal static class ActionCommand
{
    internal static Command Create(RowAction action, string description, SharedOptions shared)
    {
        var selection = SharedOptions.Selection();
        var yes = new Option<bool>("--yes") { Description = "Do it without asking" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be done" };
        var reason = new Option<string?>("--reason") { Description = "Why, for those who read the audit later; asked for on a terminal" };
        var rate = new Option<int?>("--rate") { Description = "The most rows in a second. Default: as many as the store takes" };
        var command = new Command(Views.Name(action), description);
        command.Arguments.Add(selection);
        command.Options.Add(yes);
        command.Options.Add(dryRun);
        command.Options.Add(reason);
        command.Options.Add(rate);
        command.SetAction(async (result, cancellationToken) =>
        {
            var text = string.Join(' ', result.GetValue(selection) ?? []);
            if (text.Length == 0)
            {
                throw new CliException(
                    ExitCodes.WrongUse, "Which rows? Write a selection, such as error:publish.* or id:EVENT_ID; state:failed means all parked rows.");
            }

            await using var connection = shared.Open(result);
            var views = shared.Views(result);
            if (!Console.IsErrorRedirected)
            {
                Console.Error.WriteLine("Looking at the parked rows …");
            }

            var preview = await connection.AskAsync(new OperateRequest { Command = OperateCommand.Preview, Selection = text }, cancellationToken);
            if (!views.IsJson)
            {
                Tell(views, action, preview);
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
                    Action = action,
                    Selection = text,
                    ConfirmedAt = preview.At,
                    Reason = why,
                    Caller = Caller.Name,
                    Rate = result.GetValue(rate),
                },
                cancellationToken);
            return await OperationProgress.FollowAsync(connection, views, begun.Operation!.Id, preview.Count, cancellationToken);
        });
        return command;
    }

    private static void Tell(Views views, RowAction action, OperateAnswer preview)
    {
        if (preview.Count == 0)
        {
            views.Say($"No parked row is selected ({Views.Number(preview.Seen ?? 0)} were looked at).");
            return;
        }

        views.Say($"{Views.Name(action)}: {Views.Number(preview.Count ?? 0)} rows, parked between {preview.Oldest:u} and {preview.Newest:u}.");
        foreach (var (code, count) in preview.Errors!.OrderByDescending(error => error.Value))
        {
            views.Say($"  {Views.Number(count),8}  {(code.Length == 0 ? "without an error code" : code)}");
        }

        views.Rows(preview.Rows!, preview.At!.Value);
    }

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
