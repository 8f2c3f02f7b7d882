using Amazon.DynamoDBv2.Model;

namespace Relaybox.DynamoDb;

/// <summary>Runs conditional writes side by side; one whose condition does not hold is an answer, not an error.</summary>
internal static class ConditionalWrites
{
    internal static async Task<int> CountAppliedAsync<TItem, TResponse>(
        IEnumerable<TItem> items,
        int concurrency,
        Func<TItem, CancellationToken, Task<TResponse>> write,
        CancellationToken cancellationToken)
    {
        var held = 0;
        await Parallel.ForEachAsync(
            items,
            new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken },
            async (item, ct) =>
            {
                try
                {
                    await write(item, ct);
                    Interlocked.Increment(ref held);
                }
                catch (Exception e) when (e is ConditionalCheckFailedException or TransactionConflictException)
                {
                    // Somebody was faster, or is at it right now; the row is theirs.
                }
            });
        return held;
    }
}
