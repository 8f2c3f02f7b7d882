using System.Text;
using Relaybox.Simulation.Engine;

namespace Relaybox.Simulation.World;

/// <summary>Tells of a seed that fails: the shortest list of faults under which it still does, and what happens then.</summary>
internal static class Report
{
    private const int LastLines = 150;

    internal static string Of(ulong seed)
    {
        var suppressed = Shrink(seed);
        var outcome = Simulator.Run(seed, suppressed, keepsText: true);
        var text = new StringBuilder();
        text.AppendLine($"seed {seed}: {outcome.Violation?.Message ?? "does not fail any more"}");
        text.AppendLine($"  {outcome.Options}");
        text.AppendLine($"  {outcome.Faults.Count} faults that it takes:");
        foreach (var fault in outcome.Faults)
        {
            text.AppendLine($"    {fault}");
        }

        text.AppendLine($"  the end of {outcome.Lines.Count} lines of history:");
        foreach (var line in outcome.Lines.TakeLast(LastLines))
        {
            text.AppendLine($"    {line}");
        }

        text.Append($"  again: ./run simulate --from {seed} --seeds 1");
        return text.ToString();
    }

    /// <summary>Leaves out as many faults as it can: in halves, in quarters, one by one.</summary>
    internal static HashSet<int> Shrink(ulong seed)
    {
        var suppressed = new HashSet<int>();
        var first = Simulator.Run(seed);
        if (first.Violation is not { } violation)
        {
            return suppressed;
        }

        var needed = first.Faults;
        for (var size = Math.Max(1, needed.Count / 2); ; size = Math.Max(1, size / 2))
        {
            var before = needed.Count;
            for (var start = 0; start < needed.Count;)
            {
                var attempt = new HashSet<int>(suppressed);
                attempt.UnionWith(needed.Skip(start).Take(size).Select(fault => fault.Number));
                var outcome = Simulator.Run(seed, attempt);
                if (outcome.Violation?.Invariant == violation.Invariant && outcome.Faults.Count < needed.Count)
                {
                    suppressed = attempt;
                    needed = outcome.Faults;
                }
                else
                {
                    start += size;
                }
            }

            if (size == 1 && needed.Count == before)
            {
                return suppressed;
            }
        }
    }
}
