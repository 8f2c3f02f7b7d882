using System.CommandLine;
using System.Globalization;
using Relaybox.Cli.Connections;
using Relaybox.Cli.Output;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>Rows as they are parked, or sent.</summary>
internal static class TailCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // A row can be seen only some time after the time that it says: its transaction has to commit.
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(10);

    // An answer that was fast reaches further back than one before it that was slow.
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);

    // What comes is new, and neither waits nor was there before.
    private static readonly string[] Impossible = ["newer:", "older:", "state:pending"];

    internal static Command Create(SharedOptions shared)
    {
        var selection = SharedOptions.Selection();
        var command = new Command(
            "tail", $"Print rows as they are parked, until Ctrl-C; with {ListCommand.Sent} as they are sent. Begins with those of the last seconds");
        command.Arguments.Add(selection);
        command.SetAction(async (result, cancellationToken) =>
        {
            var terms = SharedOptions.Join(result.GetValue(selection));
            if (Array.Find(Impossible, term => terms.Split(' ').Any(typed => typed.StartsWith(term, StringComparison.Ordinal))) is { } wrong)
            {
                throw new CliException(
                    ExitCodes.WrongUse, $"tail prints rows as they are parked or sent, so that '{wrong}' cannot stand here. `list` takes it.");
            }

            await using var connection = shared.Open(result);
            await FollowAsync(connection, terms, shared.Views(result), cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task FollowAsync(IOperatorConnection connection, string terms, Views views, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var told = new Dictionary<(string EventId, DateTimeOffset? At), long>();
        var (since, hasBegun, isAway) = (time.GetTimestamp(), false, false);
        while (true)
        {
            try
            {
                var asked = time.GetTimestamp();
                var window = Math.Ceiling((time.GetElapsedTime(since, asked) + Overlap).TotalSeconds);
                var (rows, _, _) = await ListCommand.ReadAsync(
                    connection, ListCommand.TargetOf(terms), string.Create(CultureInfo.InvariantCulture, $"{terms} newer:{window}s"),
                    int.MaxValue, cancellationToken);
                foreach (var row in rows)
                {
                    if (!told.ContainsKey(KeyOf(row)) && !views.WroteJson(new OperateAnswer { Row = row }))
                    {
                        views.Line(row);
                    }

                    told[KeyOf(row)] = asked;
                }

                foreach (var (key, _) in told.Where(entry => time.GetElapsedTime(entry.Value, asked) > Remembered).ToList())
                {
                    told.Remove(key);
                }

                (since, hasBegun, isAway) = (asked, true, false);
            }
            catch (CliException exception) when (hasBegun && exception.ExitCode == ExitCodes.OutOfReach)
            {
                if (!isAway)
                {
                    isAway = true;
                    Console.Error.WriteLine($"relaybox: {exception.Message} Asking again until it answers.");
                }
            }

            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    // A row can be parked again.
    private static (string EventId, DateTimeOffset? At) KeyOf(RowView row) => (row.EventId, row.SentAt ?? row.FailedAt);
}
