using System.CommandLine;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Output;
using Spectre.Console;

namespace Relaybox.Planner.Commands;

/// <summary>What a rate takes. Its subcommands play scenarios and renew the page.</summary>
internal static class PlanCommand
{
    public static RootCommand Create()
    {
        var options = new PlanOptions();
        var command = new RootCommand(
            "What a rate takes beyond one machine: shards, relays, consumers, "
            + "connections, dollars, and which limit is met first; see docs/scaling.md")
        {
            PlayCommand.Create(),
            DocsCommand.Create(),
        };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            var plan = options.Make(CostSheet.Load(), parsed);
            var console = AnsiConsole.Console;
            console.WriteLine($"{plan.Title}, {Figure.Of(plan.Rate)} events a second");
            PlanGrids.Needs(plan).Print(console);
            PlanGrids.Charges(plan).Print(console);
            console.WriteLine($"Met first, as the stack comes: {plan.FirstLimit.Name}, at {Figure.Of(plan.FirstLimit.MetAt)} events a second.");
            PlanGrids.Limits(plan).Print(console);
        });
        return command;
    }
}
