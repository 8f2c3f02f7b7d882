using System.Runtime.CompilerServices;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>Reads rows by their ids, consistently, 100 to a call (BatchGetItem).</summary>
internal sealed class RowReader(IAmazonDynamoDB dynamoDb, string table, IEntropy entropy, TimeProvider time)
{
    private const int MaxKeys = 100;
    private const int MaxRowBytes = 400 * 1024;
    private const int MaxTries = 6;
    private const int CallsInFlight = 4;
    private const string StateAttributes = "eventId, #status, claimToken, leaseUntil, dueShard, dueAt";
    internal const string ListedAttributes =
        "eventId, #status, subject, headers, orderingKey, enqueuedAt, availableAt, attempts, sentAt, failedAt, shelvedAt, errorCode, errorMessage";

    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), entropy);

    /// <summary>
    /// Reads rows in their order, some at a time; those that are not there, or that the service did not get to, are missing. Nobody
    /// knows how large a row is before it is read: the first rows are so few that they fit even if each is as large as a row can be,
    /// later ones at most four times as many.
    /// </summary>
    /// <param name="eventIds">The rows.</param>
    /// <param name="mostBytes">About how many bytes are to be read at a time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async IAsyncEnumerable<(string[] EventIds, Dictionary<string, Dictionary<string, AttributeValue>> Items)> ReadAsync(
        IReadOnlyList<string> eventIds, long mostBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string[] distinct = [.. eventIds.Distinct(StringComparer.Ordinal)];
        var first = Math.Clamp(mostBytes / MaxRowBytes, 1, MaxKeys);
        var (count, largest) = (first, 1L);
        for (var start = 0; start < distinct.Length;)
        {
            var some = distinct[start..(int)Math.Min(start + count, distinct.Length)];
            var chunks = await Task.WhenAll(some.Chunk(MaxKeys).Select(chunk => ReadChunkAsync(chunk, projection: null, cancellationToken)));
            var items = chunks.SelectMany(chunk => chunk).ToDictionary(item => item.GetString(Attributes.EventId)!, StringComparer.Ordinal);
            yield return (some, items);
            start += some.Length;
            largest = items.Values.Select(OutboxItem.BytesOf).Append(largest).Max();
            count = Math.Clamp(mostBytes / largest, first, 4 * first);
        }
    }

    /// <summary>Reads what rows say of their state, without what the app wrote; some may be missing.</summary>
    /// <param name="eventIds">The rows.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal Task<IReadOnlyList<Dictionary<string, AttributeValue>>> ReadStatesAsync(
        IReadOnlyList<string> eventIds, CancellationToken cancellationToken) => ReadAsync(eventIds, StateAttributes, cancellationToken);

    /// <summary>Reads what operators see of parked rows, without payload and result; some may be missing.</summary>
    /// <param name="eventIds">The rows.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal Task<IReadOnlyList<Dictionary<string, AttributeValue>>> ReadListedAsync(
        IReadOnlyList<string> eventIds, CancellationToken cancellationToken) => ReadAsync(eventIds, ListedAttributes, cancellationToken);

    private async Task<IReadOnlyList<Dictionary<string, AttributeValue>>> ReadAsync(
        IReadOnlyList<string> eventIds, string attributes, CancellationToken cancellationToken)
    {
        var rows = new List<Dictionary<string, AttributeValue>>(eventIds.Count);
        await Parallel.ForEachAsync(
            eventIds.Distinct(StringComparer.Ordinal).Chunk(MaxKeys),
            new ParallelOptions { MaxDegreeOfParallelism = CallsInFlight, CancellationToken = cancellationToken },
            async (chunk, ct) =>
            {
                var read = await ReadChunkAsync(chunk, attributes, ct);
                lock (rows)
                {
                    rows.AddRange(read);
                }
            });
        return rows;
    }

    private async Task<List<Dictionary<string, AttributeValue>>> ReadChunkAsync(
        string[] eventIds, string? projection, CancellationToken cancellationToken)
    {
        var items = new List<Dictionary<string, AttributeValue>>(eventIds.Length);
        var keys = new KeysAndAttributes
        {
            Keys = [.. eventIds.Select(eventId => new Dictionary<string, AttributeValue>(1) { [Attributes.EventId] = Values.S(eventId) })],
            ConsistentRead = true,
            ProjectionExpression = projection,
            ExpressionAttributeNames = projection is null ? null : new() { ["#status"] = Attributes.Status },
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
