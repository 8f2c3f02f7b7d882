using System.CommandLine;
using Relaybox.Local;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Output;

namespace Relaybox.Planner.Commands;

/// <summary>Renews what docs/scaling.md shows.</summary>
internal static class DocsCommand
{
    public static Command Create()
    {
        var command = new Command("docs", $"Take what was measured into {CostSheet.File}, and renew tables and plots of {ScalingPage.File}");
        command.SetAction(_ =>
        {
            var costs = CostSheet.Load();
            File.WriteAllText(Path.Combine(RepositoryLayout.Root, CostSheet.File), costs.ToJson());
            var page = Path.Combine(RepositoryLayout.Root, ScalingPage.File);
            File.WriteAllText(page, ScalingPage.Renew(File.ReadAllText(page), costs));

            // Each store's first: at the lowest rate, as the stack comes.
            foreach (var (name, plan, sweeps) in ScalingPage.Outages(costs).DistinctBy(run => run.Plan.Store))
            {
                FlowPlot.Save(
                    $"{name}: an hour without the broker",
                    ScalingPage.PlayOutage(costs, plan, sweeps).Steps,
                    Path.Combine(RepositoryLayout.Root, "docs", $"scaling-outage-{plan.Store.Name}.svg"));
            }
        });
        return command;
    }
}
