namespace Relaybox.Outbox;

/// <summary>Decides which of the rows that were found a claim takes.</summary>
internal static class ClaimTurns
{
    /// <summary>
    /// Takes rows of several kinds in turns, as many as the limit allows, and always the first. A row that is under suspicion comes
    /// before the others of its turn, so that it is not left out again and again.
    /// </summary>
    /// <param name="kinds">The rows of each kind, in the order in which they should be claimed.</param>
    /// <param name="limit">The most rows and bytes.</param>
    /// <param name="turn">Which kind begins.</param>
    /// <param name="weigh">The bytes of a row, and how many earlier claims of it have no outcome.</param>
    internal static List<TRow> Choose<TRow>(
        IReadOnlyList<IReadOnlyList<TRow>> kinds, ClaimLimit limit, int turn, Func<TRow, (long Bytes, int Unfinished)> weigh)
    {
        var chosen = new List<TRow>();
        var (cost, places) = (0.0, kinds.Max(kind => kind.Count));
        for (var place = 0; place < places; place++)
        {
            var ofTurn = Enumerable.Range(0, kinds.Count).Select(i => kinds[(i + turn) % kinds.Count])
                .Where(kind => place < kind.Count).Select(kind => (Row: kind[place], Weight: weigh(kind[place])))
                .OrderByDescending(row => row.Weight.Unfinished);
            foreach (var (row, weight) in ofTurn)
            {
                cost += limit.CostOf(weight.Bytes, weight.Unfinished);
                if (chosen.Count > 0 && !ClaimLimit.Fits(cost))
                {
                    return chosen;
                }

                chosen.Add(row);
            }
        }

        return chosen;
    }
}
