using System.CommandLine;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>The parked rows of a selection, or the pending or sent ones.</summary>
internal static class ListCommand
{
    private const int DefaultLimit = 50;
    internal const string Sent = "state:sent";

    private const string Pending = "state:pending";

    internal static Command Create(SharedOptions shared)
    {
        var selection = SharedOptions.Selection();
        var limit = new Option<int>("--limit") { Description = "The most rows", DefaultValueFactory = _ => DefaultLimit };
        var command = new Command(
            "list",
            $"List parked rows, the oldest first; with {Pending} the next that wait to be sent, with {Sent} those that were sent and are still kept");
        command.Arguments.Add(selection);
        command.Options.Add(limit);
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var connection = shared.Open(result);
            var terms = SharedOptions.Join(result.GetValue(selection));
            var of = TargetOf(terms);
            var (rows, seen, hasMore) = await ReadAsync(
                connection, of, terms, Math.Max(1, result.GetValue(limit)), cancellationToken);
            var views = shared.Views(result);
            if (!views.WroteJson(new OperateAnswer { Rows = rows }))
            {
                if (rows.Count > 0)
                {
                    views.Rows(rows, TimeProvider.System.GetUtcNow());
                }

                views.Say(rows.Count == 0 && terms.Length == 0 ? "No row is parked."
                    : rows.Count == 0 ? $"No {RowSelection.Items(of)[..^1]} is selected."
                    : hasMore ? $"There are more than these {rows.Count}; --limit shows more of them."
                    : $"{Views.Count(rows.Count, "row")}.");
                if (of == OperationTarget.PendingRows && seen == SelectedRows.PageSize)
                {
                    views.Say($"Only the oldest {seen} pending rows are looked at; `{views.Command("status")}` counts all.");
                }

                if (rows.Count > 0 && of == OperationTarget.Rows)
                {
                    views.Why(rows);
                }
            }

            return rows.Count == 0 ? ExitCodes.Nothing : ExitCodes.Done;
        });
        return command;
    }

    /// <summary>What terms are about.</summary>
    internal static OperationTarget TargetOf(string terms) => terms.Split(' ') switch
    {
        var all when all.Contains(Sent) => OperationTarget.SentRows,
        var all when all.Contains(Pending) => OperationTarget.PendingRows,
        _ => OperationTarget.Rows,
    };

    /// <summary>Reads rows up to a limit, how many were looked at, and whether there are more.</summary>
    internal static async Task<(List<RowView> Rows, long Seen, bool HasMore)> ReadAsync(
        Connections.IOperatorConnection connection, OperationTarget of, string selection, int limit, CancellationToken cancellationToken)
    {
        var rows = new List<RowView>();
        var seen = 0L;
        string? cursor = null;
        do
        {
            var answer = await connection.AskAsync(
                new OperateRequest { Command = OperateCommand.List, Of = of, Selection = selection, Cursor = cursor }, cancellationToken);
            rows.AddRange(answer.Rows!);
            seen += answer.Seen ?? 0;
            cursor = answer.Cursor;
        }
        while (cursor is not null && rows.Count <= limit);

        return ([.. rows.Take(limit)], seen, rows.Count > limit || cursor is not null);
    }
}
