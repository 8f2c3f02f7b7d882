using Spectre.Console;

namespace Relaybox.Planner.Output;

/// <summary>A table, for a terminal or for Markdown.</summary>
/// <param name="Columns">The headings.</param>
/// <param name="Rows">As many cells each.</param>
internal sealed record Grid(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    public void Print(IAnsiConsole console)
    {
        var table = new Table { Border = TableBorder.Minimal };
        table.AddColumns([.. Columns.Select(Markup.Escape)]);
        foreach (var row in Rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        console.Write(table);
    }

    public string ToMarkdown()
    {
        var text = new StringWriter { NewLine = "\n" };
        text.WriteLine($"| {string.Join(" | ", Columns)} |");
        text.WriteLine($"|{string.Concat(Columns.Select(_ => "---|"))}");
        foreach (var row in Rows)
        {
            text.WriteLine($"| {string.Join(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |");
        }

        return text.ToString();
    }
}
