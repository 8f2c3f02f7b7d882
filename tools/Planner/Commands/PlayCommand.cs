using System.CommandLine;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Flow;
using Relaybox.Planner.Output;
using Spectre.Console;

namespace Relaybox.Planner.Commands;

/// <summary>Plays a scenario on a stack of a plan's size, second by second.</summary>
internal static class PlayCommand
{
    private const int Lines = 36;

    public static Command Create()
    {
        var options = new PlanOptions();
        var scenario = new Option<string>("--scenario")
        {
            Description = $"What happens: {string.Join(", ", Scenario.Names)}", DefaultValueFactory = _ => Scenario.Names[0],
        };
        scenario.AcceptOnlyFromAmong([.. Scenario.Names]);
        var sweeps = new Option<int>("--sweeps") { Description = "DynamoDB: sweeps at once", DefaultValueFactory = _ => 1 };
        var load = new Option<double?>("--load")
        {
            Description = "Events a second that come, where they are others than the stack is planned for (--rate)",
        };
        var plot = new Option<FileInfo?>("--plot") { Description = "Draw backlog and latency into this file, .svg or .png" };
        var command = new Command("play", "Play a scenario: backlog and latency over time") { scenario, load, sweeps, plot };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            var costs = CostSheet.Load();
            var plan = options.Make(costs, parsed);
            var played = Scenario.Of(parsed.GetValue(scenario)!, PlanOptions.Positive(parsed.GetValue(load) ?? plan.Rate, "--load"));
            var flow = FlowOptions.For(costs, plan, PlanOptions.Positive(parsed.GetValue(sweeps), "--sweeps"));
            var steps = FlowRun.Play(played, flow);
            var title = $"{plan.Title}, {Figure.Of(plan.Rate)} events a second: {played.Name}";
            AnsiConsole.WriteLine(title);
            AnsiConsole.WriteLine(
                "Relays publish "
                + $"{Figure.Of(flow.RelayedPerSecond)}/s{(flow.SweptPerSecond is { } swept ? $", sweeps {Figure.Of(swept)}/s" : "")}; "
                + $"consumers handle {Figure.Of(flow.ConsumedPerSecond)}/s.");
            FlowGrids.OverTime(steps, Lines).Print(AnsiConsole.Console);
            FlowGrids.Summary([(played.Name, FlowSummary.Of(played, steps))]).Print(AnsiConsole.Console);
            if (parsed.GetValue(plot) is { } file)
            {
                FlowPlot.Save(title, steps, file.FullName);
            }
        });
        return command;
    }
}
