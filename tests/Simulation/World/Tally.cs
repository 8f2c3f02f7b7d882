using System.Globalization;

namespace Relaybox.Simulation.World;

/// <summary>What many seeds did together.</summary>
internal sealed class Tally
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private long _seeds;
    private long _steps;
    private long _faults;

    internal int Failed { get; private set; }

    internal long Count(string what) => _counts.GetValueOrDefault(what);

    internal void Add(Outcome outcome)
    {
        _seeds++;
        _steps += outcome.Steps;
        _faults += outcome.Faults.Count;
        Failed += outcome.Violation is null ? 0 : 1;
        foreach (var (what, count) in outcome.Counts)
        {
            _counts[what] = Count(what) + count;
        }
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_seeds:N0} seeds, {Failed} failed; {_steps:N0} steps, {_faults:N0} faults; "
        + $"{string.Join(", ", _counts.Select(count => $"{count.Key} {count.Value}"))}");
}
