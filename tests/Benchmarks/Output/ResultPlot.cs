using Relaybox.Benchmarks.Harness;
using ScottPlot;

namespace Relaybox.Benchmarks.Output;

/// <summary>Draws the ratios of a group as bars, with the targets beside them.</summary>
internal static class ResultPlot
{
    private const int Width = 900;
    private const int RowHeight = 34;
    private const int Margin = 110;

    private static readonly Color Bar = Color.FromHex("#4472a8");
    private static readonly Color Missed = Color.FromHex("#c55a4e");

    public static void Save(GroupResult group, string path)
    {
        ArmResult[] arms = [.. group.Comparisons.SelectMany(comparison => comparison.Arms.Where(arm => arm.Arm != arm.Against)).Reverse()];
        using var plot = new Plot();
        for (var i = 0; i < arms.Length; i++)
        {
            var bar = new Bar
            {
                Position = i,
                Value = Math.Log10(arms[i].Ratio),
                Orientation = Orientation.Horizontal,
                FillColor = arms[i].IsMet == false ? Missed : Bar,
                Size = 0.6,
                Label = $" {Figure.Text(arms[i].Ratio)}" + (arms[i].Target is { } target ? $"  (target {target})" : ""),
            };
            plot.Add.Bar(bar).Horizontal = true;
        }

        plot.Axes.Left.SetTicks(
            [.. Enumerable.Range(0, arms.Length).Select(i => (double)i)],
            [.. arms.Select(arm => $"{arm.Arm}{(HasSeveralMetrics(arm.Arm, arm.Metric) ? $": {arm.Metric}" : "")} / {arm.Against}")]);
        double[] decades = [.. Enumerable.Range(-2, 6).Select(power => (double)power)];
        plot.Axes.Bottom.SetTicks(decades, [.. decades.Select(power => Figure.Text(Math.Pow(10, power)))]);
        plot.Axes.SetLimitsY(-0.7, arms.Length - 0.3);
        var values = arms.Select(arm => Math.Log10(arm.Ratio)).Where(double.IsFinite).Append(0).ToArray();
        plot.Axes.SetLimitsX(Math.Min(values.Min() * 1.4, -0.3), Math.Max(values.Max() * 1.5, 0.6));
        plot.Add.VerticalLine(0, 1, Colors.Gray);
        plot.HideGrid();
        plot.Title($"{group.Title}: ratios", 14);
        plot.SaveSvg(path, Width, Margin + (arms.Length * RowHeight));

        bool HasSeveralMetrics(string name, string metric) =>
            group.Comparisons.Any(comparison => comparison.Arms.Any(arm => arm.Arm == name && arm.Metric != metric));
    }
}
