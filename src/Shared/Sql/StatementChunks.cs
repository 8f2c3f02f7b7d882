namespace Relaybox.Sql;

/// <summary>Splits a batch into what one statement takes.</summary>
internal static class StatementChunks
{
    /// <summary>The batch in chunks, in its order; each has one item at least, also where that item alone is larger than the limit.</summary>
    /// <param name="items">The batch.</param>
    /// <param name="sizeOf">How much of the limit an item takes.</param>
    /// <param name="limit">The most that the items of a chunk take together.</param>
    /// <param name="mostItems">The most items of a chunk.</param>
    internal static List<T[]> Of<T>(IReadOnlyList<T> items, Func<T, long> sizeOf, long limit, int mostItems = int.MaxValue)
    {
        var chunks = new List<T[]>();
        var chunk = new List<T>();
        var size = 0L;
        foreach (var item in items)
        {
            var added = sizeOf(item);
            if (chunk.Count > 0 && (chunk.Count == mostItems || size + added > limit))
            {
                chunks.Add([.. chunk]);
                chunk.Clear();
                size = 0;
            }

            chunk.Add(item);
            size += added;
        }

        if (chunk.Count > 0)
        {
            chunks.Add([.. chunk]);
        }

        return chunks;
    }
}
