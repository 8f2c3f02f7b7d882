using Relaybox.Planner.Flow;
using ScottPlot;

namespace Relaybox.Planner.Output;

/// <summary>Draws backlog and latency of a flow over time.</summary>
internal static class FlowPlot
{
    private const int Width = 900;
    private const int Height = 420;
    private const int Points = 360;

    public static void Save(string title, IReadOnlyList<FlowStep> steps, string path)
    {
        var every = Math.Max(1, steps.Count / Points);
        FlowStep[] shown = [.. steps.Where((_, i) => i % every == 0)];
        double[] minutes = [.. shown.Select(step => step.Second / 60.0)];
        using var plot = new Plot();
        var backlog = plot.Add.ScatterLine(minutes, shown.Select(step => step.Outbox + step.Queue).ToArray());
        backlog.LegendText = "not handled yet (left)";
        backlog.Color = Color.FromHex("#4472a8");

        // While nothing is handled there is no latency: NaN leaves a gap.
        var latency = plot.Add.ScatterLine(minutes, shown.Select(step => step.P99Seconds / 60).ToArray());
        latency.LegendText = "p99 from app to handler (right)";
        latency.Color = Color.FromHex("#c55a4e");
        latency.Axes.YAxis = plot.Axes.Right;
        plot.Axes.Bottom.Label.Text = "minutes";
        plot.Axes.Left.Label.Text = "events";
        plot.Axes.Right.Label.Text = "minutes";
        plot.Axes.AutoScale();
        plot.ShowLegend(Alignment.UpperRight);
        plot.Title(title, 14);
        if (path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
        {
            plot.SavePng(path, Width, Height);
        }
        else
        {
            plot.SaveSvg(path, Width, Height);
        }
    }
}
