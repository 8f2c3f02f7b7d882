using Relaybox.Benchmarks.Harness;
using Spectre.Console;

namespace Relaybox.Benchmarks.Output;

/// <summary>Results for people: on the terminal, and as Markdown.</summary>
internal static class ResultTables
{
    private static readonly string[] ComparisonColumns = ["#", "Arm", "Median", "Ratio", "Lowest – highest", "Target", "Reached"];
    private static readonly string[] FactColumns = ["#", "Figure", "Value", "Target", "Reached"];

    public static void Print(IAnsiConsole console, GroupResult group)
    {
        console.WriteLine();
        console.MarkupLineInterpolated($"[bold]{group.Title}[/]");
        foreach (var comparison in group.Comparisons)
        {
            Print(console, Caption(comparison), ComparisonColumns, Rows(comparison));
        }

        if (group.Facts.Count > 0)
        {
            Print(console, "Counted", FactColumns, group.Facts.Select(Row));
        }

        foreach (var note in group.Notes)
        {
            console.MarkupLineInterpolated($"  {note}");
        }
    }

    public static string ToMarkdown(IReadOnlyList<GroupResult> groups)
    {
        var text = new StringWriter();
        text.WriteLine("# Results of the benchmarks");
        text.WriteLine();
        text.WriteLine("Written by `./run bench --docs`; [benchmarks.md](../benchmarks.md) says what is measured and how to read it.");
        foreach (var group in groups)
        {
            text.WriteLine();
            text.WriteLine($"## {group.Title}");
            text.WriteLine();
            text.WriteLine($"`{group.Command}` · {Describe(group.Machine)}");
            if (group.Comparisons.Count > 0)
            {
                text.WriteLine();
                text.WriteLine($"![{group.Title}]({group.Id}.svg)");
            }

            foreach (var comparison in group.Comparisons)
            {
                WriteTable(text, Caption(comparison), ComparisonColumns, Rows(comparison));
            }

            if (group.Facts.Count > 0)
            {
                WriteTable(text, "Counted", FactColumns, group.Facts.Select(Row));
            }

            foreach (var note in group.Notes)
            {
                text.WriteLine();
                text.WriteLine(note);
            }
        }

        return text.ToString();
    }

    public static string Describe(Machine machine) =>
        $"{machine.Processor}, {machine.Cores} cores, {machine.MemoryGiB:0} GiB; "
        + $"{machine.Runtime}; fdatasync {Figure.Text(machine.FlushMicroseconds)} µs";

    private static string Caption(ComparisonResult comparison) =>
        $"{comparison.Name} ({comparison.Rounds} rounds; the baseline against itself: "
        + $"{string.Join(", ", comparison.Noise.Values.Select(Figure.Text))}"
        + (comparison.IsNoisy
            ? $", too noisy to be believed after {comparison.Runs} runs)"
            : comparison.Runs > 1 ? $", at run {comparison.Runs})" : ")");

    private static IEnumerable<string[]> Rows(ComparisonResult comparison) => comparison.Arms.Select(arm => new[]
    {
        arm.Target is null ? "" : comparison.Rows,
        comparison.Arms.Any(other => other.Metric != arm.Metric) ? $"{arm.Arm}: {arm.Metric}" : arm.Arm,
        $"{Figure.Text(arm.Value)}{(arm.Unit.StartsWith('/') ? "" : " ")}{arm.Unit}",
        arm.Arm == arm.Against ? "1" : $"{Figure.Text(arm.Ratio)}{(arm.Against == comparison.Arms[0].Arm ? "" : $" of {arm.Against}")}",
        arm.Arm == arm.Against ? "" : $"{Figure.Text(arm.Lowest)} – {Figure.Text(arm.Highest)}",
        arm.Target ?? "",
        Reached(arm.IsMet),
    });

    private static string[] Row(Fact fact) =>
        [fact.Rows, fact.Name, $"{Figure.Text(fact.Value)} {fact.Unit}".TrimEnd(), fact.Target ?? "", Reached(fact.IsMet)];

    private static string Reached(bool? isMet) => isMet switch { true => "yes", false => "NO", null => "" };

    private static void Print(IAnsiConsole console, string caption, string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Minimal, Title = new TableTitle(Markup.Escape(caption)) };
        table.AddColumns(columns);
        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        console.Write(table);
    }

    private static void WriteTable(TextWriter text, string caption, string[] columns, IEnumerable<string[]> rows)
    {
        text.WriteLine();
        text.WriteLine($"**{caption}**");
        text.WriteLine();
        text.WriteLine($"| {string.Join(" | ", columns)} |");
        text.WriteLine($"|{string.Concat(columns.Select(_ => "---|"))}");
        foreach (var row in rows)
        {
            text.WriteLine($"| {string.Join(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |");
        }
    }
}
