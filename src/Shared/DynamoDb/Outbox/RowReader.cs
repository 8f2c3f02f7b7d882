using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>Reads rows by their ids, consistently, 100 to a call (BatchGetItem).</summary>
internal sealed class RowReader(IAmazonDynamoDB dynamoDb, string table, IEntropy entropy, TimeProvider time)
{
    private const int MaxKeys = 100;
    private const int MaxTries = 6;
    private const int CallsInFlight = 4;

    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), entropy);

    /// <summary>Reads rows; those that are not there, or that the service did not get to, are missing in the answer.</summary>
    internal async Task<Dictionary<string, Dictionary<string, AttributeValue>>> ReadAsync(
        IReadOnlyList<string> eventIds, CancellationToken cancellationToken)
    {
        var items = new Dictionary<string, Dictionary<string, AttributeValue>>(eventIds.Count, StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            eventIds.Distinct(StringComparer.Ordinal).Chunk(MaxKeys),
            new ParallelOptions { MaxDegreeOfParallelism = CallsInFlight, CancellationToken = cancellationToken },
            async (chunk, ct) =>
            {
                foreach (var item in await ReadChunkAsync(chunk, ct))
                {
                    lock (items)
                    {
                        items[item.GetString(Attributes.EventId)!] = item;
                    }
                }
            });
        return items;
    }

    private async Task<List<Dictionary<string, AttributeValue>>> ReadChunkAsync(string[] eventIds, CancellationToken cancellationToken)
    {
        var items = new List<Dictionary<string, AttributeValue>>(eventIds.Length);
        var keys = new KeysAndAttributes
        {
            Keys = [.. eventIds.Select(eventId => new Dictionary<string, AttributeValue>(1) { [Attributes.EventId] = Values.S(eventId) })],
            ConsistentRead = true,
        };
        for (var attempt = 1; ; attempt++)
        {
            var response = await dynamoDb.BatchGetItemAsync(
                new BatchGetItemRequest { RequestItems = new() { [table] = keys } }, cancellationToken);
            var page = response.Responses?.GetValueOrDefault(table) ?? [];
            items.AddRange(page);
            if (response.UnprocessedKeys?.GetValueOrDefault(table) is not { Keys.Count: > 0 } rest || attempt == MaxTries)
            {
                return items;
            }

            // An answer ends at 16 MB, which is no fault; an answer without any row is the service being busy.
            keys = rest;
            if (page.Count > 0)
            {
                attempt = 0;
            }
            else
            {
                await Task.Delay(_backoff.After(attempt), time, cancellationToken);
            }
        }
    }
}
