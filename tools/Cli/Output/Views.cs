using System.Globalization;
using System.Text.Json;
using Relaybox.Operations;
using Spectre.Console;

namespace Relaybox.Cli.Output;

/// <summary>What a person sees of an answer; with <c>--json</c> the answer itself, as one line.</summary>
/// <param name="console">Where it is written.</param>
/// <param name="isJson">Whether a program reads it.</param>
/// <param name="target">What stands behind every command that is suggested, such as <c> --stack NAME</c>.</param>
internal sealed class Views(IAnsiConsole console, bool isJson, string target)
{
    /// <summary>Whether a program reads the output.</summary>
    internal bool IsJson => isJson;

    /// <summary>Writes the answer as JSON where that was asked for.</summary>
    /// <returns>Whether it was.</returns>
    internal bool WroteJson(OperateAnswer answer)
    {
        if (isJson)
        {
            console.Profile.Out.Writer.WriteLine(JsonSerializer.Serialize(answer, OperationsJsonContext.Default.OperateAnswer));
        }

        return isJson;
    }

    /// <summary>A sentence or two.</summary>
    internal void Say(string text) => console.Profile.Out.Writer.WriteLine(text);

    /// <summary>A command, as the person may type it for the same rows.</summary>
    internal string Command(string command) => $"relaybox {command}{target}";

    /// <summary>How many there are of something.</summary>
    internal static string Count(long number, string one) => $"{Number(number)} {one}{(number == 1 ? "" : "s")}";

    /// <summary>What is paused, and how to let it work again.</summary>
    internal void Pauses(OperateAnswer answer)
    {
        foreach (var pause in answer.Pauses ?? [])
        {
            Say(
                $"The {Name(pause.Part)} is paused since {pause.Since:u}, by {pause.Caller}: {pause.Reason}. To let it work again: "
                + Command($"resume {Name(pause.Part)}"));
        }
    }

    internal void Status(OperateAnswer answer)
    {
        Pauses(answer);
        var counts = answer.Counts!;
        var table = Table("status", "rows", "what it means");
        foreach (var (status, meaning) in new[]
        {
            ("pending", "waiting to be sent"), ("publishing", "claimed by a relay"), ("sent", "acknowledged by the broker"),
            ("failed", "parked: waiting for you"),
        })
        {
            table.AddRow(Cells(status, Number(counts.GetValueOrDefault(status)), meaning));
        }

        foreach (var (status, count) in counts.Where(entry => entry.Key is not ("pending" or "publishing" or "sent" or "failed")))
        {
            table.AddRow(Cells(status, Number(count), "unknown to Relaybox, and left alone"));
        }

        console.Write(table);
        if (answer.BlockedKeys is > 0 and var blocked)
        {
            Say(
                $"{Number(blocked)} ordering {(blocked == 1 ? "key is" : "keys are")} blocked by a parked row: the later rows of the key wait. "
                + $"To see which: {Command("list")}");
        }

        Say(answer.OldestDueSeconds is > 0 and var seconds
            ? $"The oldest row that could be sent has been due for {Age(TimeSpan.FromSeconds(seconds))}."
            : "No row that could be sent is waiting.");
        if (answer.DeadLetterCount is { } dead)
        {
            Say(dead == 0 ? "There are no dead letters." : $"About {Count(dead, "dead letter")}. To see them: {Command("dead-letters")}");
        }
        else if (answer.DeadLetterProblem is { } problem)
        {
            Say($"How many dead letters there are is unknown. {problem}");
        }

        foreach (var operation in answer.Operations ?? [])
        {
            Say($"The operation {operation.Id} is running ({Name(operation.Action)} {operation.Selection}).");
        }

        if (counts.GetValueOrDefault("failed") > 0)
        {
            Say($"To see what is parked: {Command("list")}");
        }
    }

    internal void Rows(IReadOnlyList<RowView> rows, DateTimeOffset now)
    {
        (string Name, Func<RowView, string> Of)[] columns =
        [
            ("event", row => row.EventId),
            ("subject", row => row.Subject),
            ("error", row => row.ErrorCode ?? ""),
            (
                rows[0].SentAt is not null ? "sent" : rows[0].DueAt is not null ? "due" : "parked",
                row => (row.SentAt ?? row.DueAt ?? row.FailedAt) is { } at ? Distance(at - now) : ""),
            ("attempts", row => Number(row.Attempts)),
            ("key", row => row.OrderingKey ?? ""),
            ("", row => row.ShelvedAt is not null ? "shelved" : row.SkippedAt is not null ? "skipped" : ""),
        ];

        // Empty columns are left out: on a narrow terminal they make the others wrap.
        var told = Array.FindAll(columns, column => rows.Any(row => column.Of(row).Length > 0));
        var table = Table([.. told.Select(column => column.Name)]);
        foreach (var row in rows)
        {
            table.AddRow(Cells([.. told.Select(column => column.Of(row))]));
        }

        console.Write(table);
    }

    /// <summary>A row that was just parked or sent, in one line.</summary>
    internal void Line(RowView row) => Say(Printable(string.Join(
        "  ",
        new[] { Time(row.SentAt ?? row.FailedAt), row.EventId, row.Subject, row.ErrorCode, row.OrderingKey is { } key ? $"key {key}" : null }
            .Where(text => !string.IsNullOrEmpty(text)))));

    /// <summary>What to type to see why rows are parked: for one row of each error.</summary>
    internal void Why(IReadOnlyList<RowView> rows)
    {
        Say("To see why one is not sent:");
        foreach (var error in rows.GroupBy(row => row.ErrorCode ?? "no error code"))
        {
            Say($"  {error.Key} ({Count(error.Count(), "row")}): {Command($"why {Printable(error.First().EventId)}")}");
        }
    }

    internal void DeadLetters(IReadOnlyList<DeadLetterView> letters, DateTimeOffset now)
    {
        var table = Table("event", "subject", "error", "dead", "receives", "bytes", "letter");
        foreach (var letter in letters)
        {
            table.AddRow(Cells(
                letter.EventId ?? "", letter.Subject ?? "", letter.ErrorCode ?? "moved by the broker",
                letter.DeadAt is { } at ? $"{Age(now - at)} ago" : "", letter.Receives is { } receives ? Number(receives) : "",
                Number(letter.Bytes), letter.LetterId));
        }

        console.Write(table);
    }

    internal void Row(RowView row)
    {
        var grid = new Grid().AddColumn().AddColumn();
        foreach (var (name, value) in new[]
        {
            ("event", row.EventId), ("subject", row.Subject), ("status", row.Status == "failed" ? "failed (parked)" : row.Status),
            ("ordering key", row.OrderingKey), ("failed attempts", Number(row.Attempts)), ("error", row.ErrorCode), ("", row.ErrorMessage),
            ("written", Time(row.EnqueuedAt)), ("due", Time(row.DueAt)), ("sent", Time(row.SentAt)), ("parked", Time(row.FailedAt)),
            ("skipped", Time(row.SkippedAt)), ("shelved", Time(row.ShelvedAt)),
            (
                "headers",
                row.Headers is null
                    ? string.Join(", ", row.HeaderNames)
                    : string.Join('\n', row.Headers.Select(header => $"{header.Key}: {header.Value}"))
            ),
            ("payload", row.Payload), ("payload is in", row.PayloadAt),
        })
        {
            if (!string.IsNullOrEmpty(value))
            {
                grid.AddRow(Cells(name, value));
            }
        }

        console.Write(grid);
    }

    internal void Operations(IReadOnlyList<Operation> operations)
    {
        var table = Table("operation", "action", "selection", "state", "done", "left alone", "by", "reason");
        foreach (var operation in operations)
        {
            table.AddRow(Cells(
                operation.Id, $"{Name(operation.Action)}{(operation.Of == OperationTarget.DeadLetters ? " dead letters" : "")}", operation.Selection,
                Name(operation.State), Number(operation.Applied),
                Number(operation.LeftAlone), operation.Caller, operation.Reason));
        }

        console.Write(table);
    }

    internal void Findings(IReadOnlyList<Finding> findings)
    {
        var table = Table("", "check", "finding");
        foreach (var finding in findings)
        {
            var color = finding.Severity switch
            {
                FindingSeverity.Ok => Color.Green,
                FindingSeverity.Problem => Color.Red,
                _ => Color.Yellow,
            };
            table.AddRow(new Text(Name(finding.Severity), new Style(color)), new Text(finding.Id), new Text(finding.Text));
        }

        console.Write(table);

        // Outside the table, which would break the commands into lines.
        foreach (var finding in findings.Where(finding => finding.Advice is not null).OrderByDescending(finding => finding.Severity))
        {
            Say($"{finding.Id}: {finding.Advice}");
        }

        var problems = findings.Count(finding => finding.Severity == FindingSeverity.Problem);
        Say(problems == 0 ? "No problem was found." : $"{Number(problems)} {(problems == 1 ? "problem was" : "problems were")} found.");
    }

    internal static string Name<TEnum>(TEnum value)
        where TEnum : struct, Enum => value.ToString().ToLowerInvariant();

    internal static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    internal static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: < 120 } => $"{Math.Max(0, age.TotalSeconds):0} s",
        { TotalMinutes: < 120 } => $"{age.TotalMinutes:0} min",
        { TotalHours: < 48 } => $"{age.TotalHours:0} h",
        _ => $"{age.TotalDays:0} days",
    };

    // Rows are parked for such characters, which a terminal would obey.
    private static string Printable(string text) => string.Concat(text.Select(character => char.IsControl(character) ? '\uFFFD' : character));

    private static string Distance(TimeSpan distance) => distance > TimeSpan.Zero ? $"in {Age(distance)}" : $"{Age(-distance)} ago";

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    // What comes from rows is text, never markup.
    private static Text[] Cells(params string[] texts) => [.. texts.Select(text => new Text(text))];

    private static Table Table(params string[] columns)
    {
        var table = new Table { Border = TableBorder.Minimal };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column)));
        }

        return table;
    }
}
