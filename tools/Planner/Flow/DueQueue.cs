
namespace Relaybox.Planner.Flow;

/// <summary>
/// Rows, or messages, by the second in which they are due and the second in which they were written. Counts are fractions:
/// this is a fluid, and no single row.
/// </summary>
internal sealed class DueQueue
{
    private readonly SortedDictionary<int, SortedDictionary<int, double>> _byDue = [];

    public double Count { get; private set; }

    /// <summary>When the oldest of all was written; null where the queue is empty.</summary>
    public int? Oldest => _byDue.Count == 0 ? null : _byDue.Values.Min(bin => bin.Keys.First());

    public void Add(int due, int written, double count)
    {
        if (count <= 0)
        {
            return;
        }

        if (!_byDue.TryGetValue(due, out var bin))
        {
            _byDue.Add(due, bin = []);
        }

        bin[written] = bin.GetValueOrDefault(written) + count;
        Count += count;
    }

    /// <summary>Takes up to so many that are due, what has been due for longest first.</summary>
    /// <param name="now">The time.</param>
    /// <param name="most">The most.</param>
    /// <param name="each">Is told of each part: when it was written, and how much it is.</param>
    /// <returns>How many there were.</returns>
    public double Take(int now, double most, Action<int, double> each)
    {
        double all = 0;
        while (all < most && _byDue.Count > 0 && _byDue.First() is var (due, bin) && due <= now)
        {
            var (written, count) = bin.First();
            var taken = Math.Min(count, most - all);
            all += taken;
            if (taken < count)
            {
                bin[written] = count - taken;
            }
            else if (bin.Remove(written) && bin.Count == 0)
            {
                _byDue.Remove(due);
            }

            each(written, taken);
        }

        // What is left of many small parts is no more than a rounding error when there are none.
        Count = _byDue.Count == 0 ? 0 : Count - all;
        return all;
    }
}
