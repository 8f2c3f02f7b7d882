using Relaybox.Local;
using Relaybox.Planner.Costs;

namespace Relaybox.Planner.Tests;

internal static class Sheets
{
    /// <summary>The committed figures, as the committed tables were made with them.</summary>
    internal static CostSheet Committed() => CostSheet.Parse(File.ReadAllText(Path.Combine(RepositoryLayout.Root, CostSheet.File)), results: null);

    /// <summary>A sheet of a single figure.</summary>
    internal static CostSheet With(string cost, string? results = null) =>
        CostSheet.Parse($$"""{ "asOf": "2026-06", "region": "us-east-1", "note": "", "costs": [ {{cost}} ] }""", results);
}
