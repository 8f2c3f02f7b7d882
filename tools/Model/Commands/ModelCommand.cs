using System.CommandLine;
using Relaybox.Local;
using Relaybox.Model.Costs;
using Relaybox.Model.Flow;
using Relaybox.Model.Output;
using Relaybox.Model.Planning;
using Spectre.Console;

namespace Relaybox.Model.Commands;

/// <summary>What <c>./run model</c> knows.</summary>
internal static class ModelCommand
{
    private const int Lines = 36;

    private static readonly Option<double> Rate = new("--rate") { Description = "Events a second", DefaultValueFactory = _ => 1_000 };
    private static readonly Option<string> StoreName = Choice("--store", "Where the outbox is", "dynamodb", "postgres");
    private static readonly Option<string> BrokerName = Choice("--broker", "Through what events go", "sqs", "nats");

    public static RootCommand Create() =>
        new("Plans and simulates Relaybox beyond one machine; see docs/scaling.md") { CreatePlan(), CreateRun(), CreateDocs() };

    private static Command CreatePlan()
    {
        var command = new Command("plan", "What a rate takes: shards, relays, consumers, connections, dollars, and which limit is met first") { Rate, StoreName, BrokerName };
        command.SetAction(parsed =>
        {
            var plan = MakePlan(CostSheet.Load(), parsed);
            var console = AnsiConsole.Console;
            console.WriteLine($"{PlanGrids.Name(plan.Store, plan.Broker)}, {Figure.Of(plan.Rate)} events a second");
            PlanGrids.Needs(plan).Print(console);
            PlanGrids.Charges(plan).Print(console);
            console.WriteLine($"Met first, as the stack comes: {plan.FirstLimit.Name}, at {Figure.Of(plan.FirstLimit.MetAt)} events a second.");
            PlanGrids.Limits(plan).Print(console);
        });
        return command;
    }

    private static Command CreateRun()
    {
        var scenario = Choice("--scenario", "What happens", [.. Scenario.Names]);
        var sweeps = new Option<int>("--sweeps") { Description = "DynamoDB: sweeps at once", DefaultValueFactory = _ => 1 };
        var load = new Option<double?>("--load") { Description = "Events a second that come, where they are others than the stack is planned for (--rate)" };
        var plot = new Option<FileInfo?>("--plot") { Description = "Draw backlog and latency into this file, .svg or .png" };
        var command = new Command("run", "Backlog and latency over time") { scenario, Rate, load, StoreName, BrokerName, sweeps, plot };
        command.SetAction(parsed =>
        {
            var costs = CostSheet.Load();
            var plan = MakePlan(costs, parsed);
            var played = Scenario.Of(parsed.GetValue(scenario)!, Positive(parsed.GetValue(load) ?? plan.Rate, "--load"));
            var options = FlowOptions.For(costs, plan, Positive(parsed.GetValue(sweeps), "--sweeps"));
            var steps = FlowRun.Play(played, options);
            var title = $"{PlanGrids.Name(plan.Store, plan.Broker)}, {Figure.Of(plan.Rate)} events a second: {played.Name}";
            AnsiConsole.WriteLine(title);
            AnsiConsole.WriteLine(
                $"Relays publish {Figure.Of(options.RelayedPerSecond)}/s{(options.SweptPerSecond is { } swept ? $", sweeps {Figure.Of(swept)}/s" : "")}; consumers handle {Figure.Of(options.ConsumedPerSecond)}/s.");
            FlowGrids.OverTime(steps, Lines).Print(AnsiConsole.Console);
            FlowGrids.Summary([(played.Name, FlowSummary.Of(played, steps))]).Print(AnsiConsole.Console);
            if (parsed.GetValue(plot) is { } file)
            {
                FlowPlot.Save(title, steps, file.FullName);
            }
        });
        return command;
    }

    private static Command CreateDocs()
    {
        var command = new Command("docs", $"Take what was measured into {CostSheet.File}, and renew tables and plots of {ScalingPage.File}");
        command.SetAction(_ =>
        {
            var costs = CostSheet.Load();
            File.WriteAllText(Path.Combine(RepositoryLayout.Root, CostSheet.File), costs.ToJson());
            var page = Path.Combine(RepositoryLayout.Root, ScalingPage.File);
            File.WriteAllText(page, ScalingPage.Renew(File.ReadAllText(page), costs));
            foreach (var (name, scenario, options) in ScalingPage.Outages(costs).Where(run => run.Name.Contains(" 1,000/s", StringComparison.Ordinal) && !run.Name.Contains("sweeps", StringComparison.Ordinal)))
            {
                var file = $"scaling-outage-{(options.SweptPerSecond is null ? "postgres" : "dynamodb")}.svg";
                FlowPlot.Save($"{name}: an hour without the broker", FlowRun.Play(scenario, options), Path.Combine(RepositoryLayout.Root, "docs", file));
            }
        });
        return command;
    }

    private static Plan MakePlan(CostSheet costs, ParseResult parsed) => Planner.Make(
        costs,
        Positive(parsed.GetValue(Rate), "--rate"),
        parsed.GetValue(StoreName) == "postgres" ? Store.Postgres : Store.DynamoDb,
        parsed.GetValue(BrokerName) == "nats" ? Broker.Nats : Broker.Sqs);

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = $"{description}: {string.Join(", ", values)}", DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    private static T Positive<T>(T value, string option)
        where T : System.Numerics.INumber<T> =>
        value > T.Zero ? value : throw new RunnerException($"{option} {value}: expected more than 0.");
}
