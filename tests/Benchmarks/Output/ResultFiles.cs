using System.Text.Json;
using Relaybox.Benchmarks.Harness;

namespace Relaybox.Benchmarks.Output;

/// <summary>Keeps results in files.</summary>
internal static class ResultFiles
{
    public static void WriteJson(string path, IReadOnlyList<GroupResult> groups) =>
        File.WriteAllText(path, JsonSerializer.Serialize([.. groups], ResultsJsonContext.Default.ListGroupResult) + "\n");

    /// <summary>Puts these groups in the place of those that the folder has, and draws all; the other groups stay.</summary>
    /// <param name="folder">Where <c>results.json</c>, <c>results.md</c> and the plots are.</param>
    /// <param name="groups">What was measured now.</param>
    /// <param name="order">The ids of all groups, in the order of the documents.</param>
    public static void UpdateDocs(string folder, IReadOnlyList<GroupResult> groups, IReadOnlyList<string> order)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "results.json");
        var known = File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllText(path), ResultsJsonContext.Default.ListGroupResult)! : [];
        GroupResult[] all =
        [
            .. groups.Concat(known.ExceptBy(groups.Select(group => group.Id), group => group.Id))
                .Where(group => order.Contains(group.Id))
                .OrderBy(group => order.ToList().IndexOf(group.Id)),
        ];
        WriteJson(path, all);
        File.WriteAllText(Path.Combine(folder, "results.md"), ResultTables.ToMarkdown(all));
        foreach (var group in all.Where(group => group.Comparisons.Count > 0))
        {
            ResultPlot.Save(group, Path.Combine(folder, $"{group.Id}.svg"));
        }
    }
}
