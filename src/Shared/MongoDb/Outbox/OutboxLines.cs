using Relaybox.Outbox;

namespace Relaybox.MongoDb;

/// <summary>
/// The rows that a claim has found, as lines: the rows of a key in their order, as far as they follow each other without a gap. Rows
/// without a key stand alone.
/// </summary>
internal sealed class OutboxLines
{
    /// <summary>The most rows of one key in one claim.</summary>
    internal const int RowsOfAKey = 50;

    private readonly Dictionary<string, SortedDictionary<long, Candidate>> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly List<Candidate> _due = [];
    private readonly List<Candidate> _ended = [];

    /// <summary>How many rows could be claimed at the same time at least: one of each key, and those without.</summary>
    internal int Count => _keys.Count + _due.Count + _ended.Count;

    internal void Add(IEnumerable<Candidate> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (!_seen.Add(candidate.EventId))
            {
                continue;
            }

            if (candidate.Key is not { } key)
            {
                (candidate.IsEnded ? _ended : _due).Add(candidate);
            }
            else if (_keys.TryGetValue(key, out var line))
            {
                line[candidate.Number] = candidate;
            }
            else
            {
                _keys.Add(key, new SortedDictionary<long, Candidate> { [candidate.Number] = candidate });
            }
        }
    }

    /// <summary>The first row of each key.</summary>
    internal IEnumerable<Candidate> Heads() => _keys.Values.Select(line => line.Values.First());

    /// <summary>Takes out the rows of a key that waits for an earlier row.</summary>
    internal IReadOnlyCollection<Candidate> Remove(string key) => _keys.Remove(key, out var line) ? line.Values : [];

    /// <summary>The last row of each key whose rows others wait for, and how many more of the key can be claimed.</summary>
    internal IEnumerable<(Candidate Last, int Room)> Followed() =>
        from line in _keys.Values
        let run = RunOf(line)
        where run.Count < RowsOfAKey && run.Count == line.Count && run.Exists(candidate => candidate.IsFollowed)
        select (run[^1], RowsOfAKey - run.Count);

    /// <summary>The rows of each key that must wait for the last row of the key that this claim can take.</summary>
    internal IEnumerable<(Candidate Last, IReadOnlyList<Candidate> Others)> Rests()
    {
        foreach (var line in _keys.Values)
        {
            var run = RunOf(line);
            if (line.Count > run.Count)
            {
                yield return (run[^1], [.. line.Values.Skip(run.Count)]);
            }
        }
    }

    /// <summary>The rows to claim: keys, other rows and ended claims in turns, as many as the limit allows.</summary>
    /// <param name="limit">The most rows and bytes.</param>
    /// <param name="turn">Which kind begins.</param>
    internal List<Candidate> Choose(ClaimLimit limit, int turn)
    {
        var keyed = _keys.Values.SelectMany(line => RunOf(line).Index()).OrderBy(row => row.Index).Select(row => row.Item).ToList();
        return ClaimTurns.Choose([keyed, _due, _ended], limit, turn, candidate => (candidate.Bytes, candidate.Unfinished));
    }

    private static List<Candidate> RunOf(SortedDictionary<long, Candidate> line)
    {
        var run = new List<Candidate>();
        foreach (var candidate in line.Values)
        {
            if (run.Count == RowsOfAKey || (run.Count > 0 && candidate.Number != run[^1].Number + 1))
            {
                break;
            }

            run.Add(candidate);
        }

        return run;
    }
}
