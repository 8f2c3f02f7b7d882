using System.Diagnostics.CodeAnalysis;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Outbox;

namespace Relaybox.DynamoDb;

// Claiming: the due index names candidates, the table is read for what they are, one conditional update each decides. A claim
// leaves the row where it is in the index: to move it would cost two writes of the index more for every row.
internal sealed partial class DynamoDbOutboxRepository
{
    private const int MaxRounds = 10;

    // Longer than the index may lag behind the table.
    private static readonly TimeSpan IndexLag = TimeSpan.FromSeconds(5);

    private const string SetClaim = """SET "status" = ? SET "claimToken" = ? SET "claimedAt" = ? SET "leaseUntil" = ? SET "unfinished" = ?""";

    private readonly PassedOverRows _passedOver = new(time);

    /// <inheritdoc />
    public async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        limit.Require();
        for (var round = 1; ; round++)
        {
            if (await FindClaimableAsync(limit, cancellationToken) is not { } found)
            {
                return [];
            }

            // Where others hold all that was found, there may be more behind it.
            var claims = await ClaimAsync(found.Items, limit, lease, found.At, cancellationToken);
            if (claims.Count > 0 || round == MaxRounds)
            {
                return claims;
            }
        }
    }

    /// <inheritdoc />
    public async Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var token = new ClaimToken(entropy.NewGuid().ToString("N"));
        try
        {
            var request = new UpdateItemRequest
            {
                TableName = options.TableName,
                Key = Key(eventId),

                // The row may not be in the index, or due much later: the end of the lease has to be found there.
                UpdateExpression =
                    "SET #status = :publishing, claimToken = :token, claimedAt = :now, leaseUntil = :leaseEnd, dueShard = :shard, dueAt = :leaseEnd, "
                    + "unfinished = if_not_exists(unfinished, :zero) + :one",
                ConditionExpression =
                    $"(#status = :pending OR (#status = :publishing AND {LeaseOver("now")})) "
                    + "AND (attribute_not_exists(dueShard) OR dueShard <> :failed)",
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
                    [":zero"] = Values.N(0),
                    [":one"] = Values.N(1),
                },
                ReturnValues = ReturnValue.ALL_NEW,
                ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
            };
            var response = await _conflicts.RunAsync((_, ct) => dynamoDb.UpdateItemAsync(request, ct), cancellationToken);
            return OutboxItem.ReadClaimable(response.Attributes, token, limit: 1);
        }
        catch (ConditionalCheckFailedException e)
        {
            // The claim was applied and its answer lost: the client's own retry then finds our token on the row.
            return e.Item?.GetString(Attributes.ClaimToken) == token.Value && e.Item is { } item
                ? OutboxItem.ReadClaimable(item, token, limit: 1)
                : null;
        }
    }

    /// <inheritdoc />
    /// <remarks>It looks at the oldest rows of each shard only; rows that are claimed are not due.</remarks>
    public async Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken)
    {
        const int Looked = 100;
        for (var round = 1; round <= MaxRounds; round++)
        {
            var candidates = await FindDueAsync(Looked, time.GetUtcNow(), cancellationToken);
            if (candidates.Count == 0)
            {
                break;
            }

            // How large they are does not matter here, and they may be large.
            var rows = (await _reader.ReadStatesAsync(candidates, cancellationToken))
                .ToDictionary(item => item.GetString(Attributes.EventId)!, StringComparer.Ordinal);
            var now = time.GetUtcNow();
            List<string> due = [.. candidates.Where(eventId => IsClaimable(eventId, rows.GetValueOrDefault(eventId), now))];
            if (due.Count > 0)
            {
                return now - due.Min(eventId => rows[eventId].GetTime(Attributes.DueAt)!.Value);
            }
        }

        return TimeSpan.Zero;
    }

    // What may not be claimed is left out from now on.
    private bool IsClaimable(string eventId, [NotNullWhen(true)] Dictionary<string, AttributeValue>? item, DateTimeOffset now)
    {
        if (item is not null && DueRow.IsClaimable(item, now))
        {
            return true;
        }

        _passedOver.Add(eventId, Until(item, now));
        return false;
    }

    // Others may give a row back before its lease ends, and a row that is tried again is due at its time.
    private static TimeSpan Until(Dictionary<string, AttributeValue>? item, DateTimeOffset now) =>
        item?.GetTime(Attributes.DueAt) is { } dueAt && dueAt > now && dueAt - now < IndexLag ? dueAt - now : IndexLag;

    /// <summary>A condition that holds when the lease of a row's claim has ended by the time of that name.</summary>
    private static string LeaseOver(string time) =>
        $"(leaseUntil <= :{time} OR (attribute_not_exists(leaseUntil) AND dueAt <= :{time}))";

    /// <summary>
    /// The oldest rows that the index names, as far as they may be claimed and fit into the claim; those that may not be claimed are
    /// left out from now on. Null where it names none.
    /// </summary>
    private async Task<(List<Dictionary<string, AttributeValue>> Items, DateTimeOffset At)?> FindClaimableAsync(
        ClaimLimit limit, CancellationToken cancellationToken)
    {
        var candidates = await FindDueAsync(limit.Rows, time.GetUtcNow(), cancellationToken);
        if (candidates.Count == 0)
        {
            return null;
        }

        // The index does not say how large a row is: they are read until enough is there, and perhaps some more.
        var claimable = new List<Dictionary<string, AttributeValue>>();
        var cost = 0.0;
        var now = time.GetUtcNow();
        await foreach (var (eventIds, items) in _reader.ReadAsync(candidates, 2 * limit.Bytes, cancellationToken))
        {
            now = time.GetUtcNow();
            foreach (var eventId in eventIds)
            {
                var item = items.GetValueOrDefault(eventId);
                if (!IsClaimable(eventId, item, now))
                {
                    continue;
                }

                cost += limit.CostOf(OutboxItem.BytesOf(item), item.GetCount(Attributes.Unfinished));
                if (claimable.Count > 0 && !ClaimLimit.Fits(cost))
                {
                    return (claimable, now);
                }

                claimable.Add(item);
            }
        }

        return (claimable, now);
    }

    private async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(
        List<Dictionary<string, AttributeValue>> items, ClaimLimit limit, TimeSpan lease, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var claims = items.ConvertAll(item => OutboxItem.ReadClaimable(item, new ClaimToken(entropy.NewGuid().ToString("N")), limit));
        var result = await _statements.RunAsync(
            [.. claims.Select((claim, i) => ClaimUpdate(items[i], claim, now, now + lease))], cancellationToken);

        // One row's trouble must not cost the others their claims.
        var lost = result.Late.Concat(result.Unrecorded).ToHashSet(StringComparer.Ordinal);
        OutboxClaim[] won = [.. claims.Where(claim => !lost.Contains(claim.EventId))];
        foreach (var claim in won)
        {
            _passedOver.Add(claim.EventId, lease);
        }

        return won.Length > 0 || result.Unrecorded.Count == 0
            ? won
            : throw new TimeoutException($"None of {items.Count} rows could be claimed: {result.Failure}.");
    }

    // The row must be as it was read. Each claim gives it another token and each retry another due time, so that what is
    // unchanged in these has not been in other hands.
    private StatementBatch.Update ClaimUpdate(
        Dictionary<string, AttributeValue> item, OutboxClaim claim, DateTimeOffset now, DateTimeOffset leaseEnd)
    {
        List<AttributeValue> values =
        [
            Values.S(OutboxStatusText.Publishing), Values.S(claim.Token.Value!), Values.Time(now), Values.Time(leaseEnd),
            Values.N(claim.Unfinished + 1), Values.S(claim.EventId), item[Attributes.Status], item[Attributes.DueAt],
        ];
        var where = """ WHERE "eventId" = ? AND "status" = ? AND "dueAt" = ? AND """;
        if (item.TryGetValue(Attributes.ClaimToken, out var earlier))
        {
            where += "\"claimToken\" = ?";
            values.Add(earlier);
        }
        else
        {
            where += "\"claimToken\" IS MISSING";
        }

        return new StatementBatch.Update(
            claim.EventId,
            new BatchStatementRequest
            {
                Statement = $"UPDATE \"{options.TableName}\" {SetClaim}{where}",
                Parameters = values,
                ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
            },
            row => row.GetString(Attributes.ClaimToken) == claim.Token.Value && row.GetString(Attributes.Status) == OutboxStatusText.Publishing);
    }

    /// <summary>The oldest rows that the index names and that are not known to be held, of all shards.</summary>
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
                    var eventId = item.GetString(Attributes.EventId)!;
                    if (!_passedOver.Contains(eventId))
                    {
                        due.Add((eventId, item.GetNumber(Attributes.DueAt) ?? 0));
                    }
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
}
