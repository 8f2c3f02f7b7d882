using Relaybox.Benchmarks.Harness;
using ScottPlot;

namespace Relaybox.Benchmarks.Output;

/// <summary>
/// Draws what a group measured: a bar for each way to do the work, as long as its figure is large, with the figure and its ratio to the
/// first way beside it. The heading of each comparison says whether longer is better. The colours can be read on white and on black.
/// </summary>
internal static class ResultPlot
{
    private const int BarsWidth = 460;
    private const int RowHeight = 26;
    private const int CharacterWidth = 8;
    private const int Padding = 12;
    private const float FontSize = 13;
    private const string FontName = "DejaVu Sans";

    // What a label takes to the right of the longest bar, whose length is 1.
    private const double LabelSpace = 0.62;

    private static readonly Color Ink = Color.FromHex("#7d8590");
    private static readonly Color Baseline = Color.FromHex("#8b949e");
    private static readonly Color Bar = Color.FromHex("#4184e4");
    private static readonly Color Missed = Color.FromHex("#d9822b");

    public static void Save(GroupResult group, string path)
    {
        using var plot = new Plot();
        var names = new List<Tick>();
        var row = 0;
        foreach (var comparison in group.Comparisons)
        {
            foreach (var arms in comparison.Arms.GroupBy(arm => arm.Metric))
            {
                Write(plot, Heading(comparison, arms.First()), 0, row--, isBold: true);
                var longest = arms.Max(arm => arm.Value);
                foreach (var results in arms.GroupBy(arm => arm.Arm))
                {
                    Draw(plot, [.. results], arms.First(), longest, row);
                    names.Add(new Tick(row--, results.Key));
                }

                row--;
            }
        }

        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. names]);
        plot.Axes.Left.TickLabelStyle.ForeColor = Ink;
        plot.Axes.Left.TickLabelStyle.FontSize = FontSize;
        plot.Axes.Left.TickLabelStyle.FontName = FontName;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Frame(false);
        plot.Axes.Bottom.IsVisible = false;
        plot.Axes.SetLimits(0, 1 + LabelSpace, row + 1.4, 0.6);
        plot.HideGrid();
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        var left = Padding + (CharacterWidth * names.Max(name => name.Label.Length));
        plot.Layout.Fixed(new PixelPadding(left, Padding, Padding, Padding));
        plot.SaveSvg(path, left + (int)(BarsWidth * (1 + LabelSpace)) + Padding, (RowHeight * -row) + (2 * Padding));
    }

    private static void Draw(Plot plot, ArmResult[] results, ArmResult baseline, double longest, int row)
    {
        var result = results[0];
        var isBaseline = result.Arm == baseline.Arm;
        var length = Math.Max(0, result.Value / longest);
        var bar = plot.Add.Bar(new Bar
        {
            Position = row,
            Value = length,
            FillColor = isBaseline ? Baseline : results.Any(one => one.IsMet == false) ? Missed : Bar,
            Size = 0.7,
            LineWidth = 0,
        });
        bar.Horizontal = true;

        // Where the table has its ratio to another one, that of the medians.
        var ratio = results.FirstOrDefault(one => one.Against == baseline.Arm)?.Ratio ?? (result.Value / baseline.Value);
        Write(plot, isBaseline ? Value(result) : $"{Value(result)}  ({Figure.Text(ratio)})", length, row, isBold: false);
    }

    private static void Write(Plot plot, string text, double x, int row, bool isBold)
    {
        var label = plot.Add.Text(text, x, row);
        label.LabelAlignment = Alignment.MiddleLeft;
        label.LabelFontColor = Ink;
        label.LabelFontSize = FontSize;
        label.LabelFontName = FontName;
        label.LabelBold = isBold;
        label.OffsetX = isBold ? 0 : 6;
    }

    private static string Heading(ComparisonResult comparison, ArmResult arm) =>
        $"{comparison.Name}{(arm.Unit == "ms" ? $", {arm.Metric}" : "")}: {(arm.Unit == "ms" ? "shorter" : "longer")} is better";

    private static string Value(ArmResult result) => $"{Figure.Text(result.Value)}{(result.Unit.StartsWith('/') ? "" : " ")}{result.Unit}";
}
