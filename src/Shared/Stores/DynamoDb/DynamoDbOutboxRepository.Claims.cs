using System.Runtime.ExceptionServices;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Outbox;

namespace Relaybox.Stores.DynamoDb;

// Claiming: the due index names candidates, one conditional update each decides.
public sealed partial class DynamoDbOutboxRepository
{
    private const string SetClaim =
        "SET #status = :publishing, claimToken = :token, claimedAt = :now, dueShard = :shard, dueAt = :leaseEnd";

    /// <inheritdoc />
    public async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var candidates = await FindDueAsync(limit, time.GetUtcNow(), cancellationToken);
        var claims = new OutboxClaim?[candidates.Count];
        Exception? failure = null;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, candidates.Count),
            new ParallelOptions { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellationToken },
            async (i, ct) =>
            {
                try
                {
                    claims[i] = await TryClaimAsync(
                        candidates[i],
                        "(#status = :pending OR #status = :publishing) AND dueAt <= :now AND dueShard <> :failed",
                        lease,
                        ct);
                }
                catch (Exception e) when (DynamoDbFaults.IsTransient(e) && !ct.IsCancellationRequested)
                {
                    // One row's trouble must not cost the others their claims.
                    failure = e;
                }
            });

        OutboxClaim[] won = [.. claims.OfType<OutboxClaim>()];
        if (won.Length == 0 && failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return won;
    }

    /// <inheritdoc />
    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken) =>
        TryClaimAsync(
            eventId,
            "(#status = :pending OR (#status = :publishing AND dueAt <= :now)) AND (attribute_not_exists(dueShard) OR dueShard <> :failed)",
            lease,
            cancellationToken);

    /// <inheritdoc />
    public async Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var oldest = await Task.WhenAll(Enumerable.Range(0, options.DueShards).Select(async shard =>
        {
            var page = await dynamoDb.QueryAsync(DueQuery(shard, now, limit: 1), cancellationToken);
            return page.Items is [var first, ..] ? first.GetTime(Attributes.DueAt) ?? now : now;
        }));
        return now - oldest.Min();
    }

    private async Task<IReadOnlyList<string>> FindDueAsync(int limit, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var shards = await Task.WhenAll(Enumerable.Range(0, options.DueShards).Select(async shard =>
        {
            var due = new List<(string EventId, long DueAt)>();
            var request = DueQuery(shard, now, limit);
            do
            {
                var page = await dynamoDb.QueryAsync(request, cancellationToken);
                foreach (var item in page.Items ?? [])
                {
                    due.Add((item.GetString(Attributes.EventId)!, item.GetNumber(Attributes.DueAt) ?? 0));
                }

                request.ExclusiveStartKey = page.LastEvaluatedKey;
            }
            while (due.Count < limit && request.ExclusiveStartKey is { Count: > 0 });

            return due;
        }));
        return [.. shards.SelectMany(due => due).OrderBy(row => row.DueAt).Take(limit).Select(row => row.EventId)];
    }

    private QueryRequest DueQuery(int shard, DateTimeOffset now, int limit) => new()
    {
        TableName = options.TableName,
        IndexName = Attributes.DueIndex,
        KeyConditionExpression = "dueShard = :shard AND dueAt <= :now",
        ExpressionAttributeValues = new() { [":shard"] = Values.S(DueShard.Name(shard)), [":now"] = Values.Time(now) },
        Limit = limit,
    };

    private async Task<OutboxClaim?> TryClaimAsync(
        string eventId, string condition, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var token = new ClaimToken(entropy.NewGuid().ToString("N"));
        try
        {
            var request = new UpdateItemRequest
            {
                TableName = options.TableName,
                Key = Key(eventId),
                UpdateExpression = SetClaim,
                ConditionExpression = condition,
                ExpressionAttributeNames = StatusName(),
                ExpressionAttributeValues = new()
                {
                    [":pending"] = Values.S(OutboxStatusText.Pending),
                    [":publishing"] = Values.S(OutboxStatusText.Publishing),
                    [":failed"] = Values.S(Attributes.FailedShard),
                    [":token"] = Values.S(token.Value!),
                    [":now"] = Values.Time(now),
                    [":leaseEnd"] = Values.Time(now + lease),
                    [":shard"] = Values.S(DueShard.Of(eventId, options.DueShards)),
                },
                ReturnValues = ReturnValue.ALL_NEW,
                ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
            };
            var response = await _faults.WhileConflictingAsync(ct => dynamoDb.UpdateItemAsync(request, ct), cancellationToken);
            return OutboxItem.ReadClaimable(response.Attributes, token);
        }
        catch (ConditionalCheckFailedException e)
        {
            // The claim was applied and its answer lost: the client's own retry then finds our token on the row.
            return e.Item?.GetString(Attributes.ClaimToken) == token.Value && e.Item is { } item
                ? OutboxItem.ReadClaimable(item, token)
                : null;
        }
    }
}
