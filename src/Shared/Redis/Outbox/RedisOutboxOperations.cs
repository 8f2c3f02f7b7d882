using System.Globalization;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>What operators need of an outbox in Redis. The server's clock decides. Pages go from bucket to bucket.</summary>
internal sealed class RedisOutboxOperations : IOutboxOperations
{
    private static readonly RedisScript Act = RedisScript.Load("outbox_act");
    private static readonly RedisScript List = RedisScript.Load("outbox_list");

    // All but payload and result, which can be large.
    private static readonly RedisValue[] ListedFields =
    [
        OutboxFields.Status, OutboxFields.Subject, OutboxFields.Headers, OutboxFields.OrderingKey, OutboxFields.EnqueuedAt,
        OutboxFields.AvailableAt, OutboxFields.Attempts, OutboxFields.SentAt, OutboxFields.FailedAt, OutboxFields.ShelvedAt, OutboxFields.SkippedAt,
        OutboxFields.ErrorCode, OutboxFields.ErrorMessage,
    ];

    private readonly RedisCalls _calls;
    private readonly Bucket[] _buckets;

    /// <summary>Makes the operations; they may be used by many threads at once.</summary>
    /// <param name="connections">The database.</param>
    /// <param name="options">The keys.</param>
    /// <param name="time">The clock of the waits between tries.</param>
    /// <param name="entropy">The source of jitter.</param>
    public RedisOutboxOperations(RedisConnections connections, RedisOptions options, TimeProvider time, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(connections);
        (_calls, _buckets) = (new RedisCalls(connections, connections.Retries(time, entropy)), Bucket.All(options));
    }

    /// <inheritdoc />
    public Task<RowPage> ReadAsync(
        OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var begin = since is null ? "-inf" : Milliseconds(since);
        var (number, from, last) = cursor?.Split(' ', 3) is [var bucketText, var time, var member]
            ? (int.Parse(bucketText, CultureInfo.InvariantCulture), time, member)
            : (0, begin, "");
        var bucket = _buckets[number];
        return _calls.RunAsync(
            async database =>
            {
                var page = (RedisValue[])(await List.RunAsync(
                    database, new ScriptArguments([status == OutboxStatus.Sent ? bucket.Sent() : bucket.Failed()], from, last, limit)))!;
                var eventIds = page.Skip(1).Chunk(2).Select(row => OutboxNames.ReadMember(row[1]).EventId).ToList();
                var rows = await Task.WhenAll(eventIds.Select(eventId => ReadAsync(database, bucket, eventId)));
                return new RowPage(
                    [.. rows.OfType<OutboxRow>().Where(row => row.Status == status)],
                    eventIds.Count == limit ? $"{number} {page[^2]} {page[^1]}"
                        : number + 1 < _buckets.Length ? $"{number + 1} {begin} "
                        : null,
                    DateTimeOffset.FromUnixTimeMilliseconds((long)page[0]));
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<ActionOutcome> ApplyAsync(RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var tries = new ActionTries(action, rows);
        return _calls.RunAsync(
            (database, attempt) => tries.RunAsync(attempt, row => ApplyAsync(database, action, row)), cancellationToken);
    }

    /// <inheritdoc />
    public Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Event.OrderingKey is not { } key)
        {
            return Task.FromResult<string?>(null);
        }

        return _calls.RunAsync(
            async database =>
            {
                foreach (var bucket in await _buckets.HavingAsync(database, row.Event.EventId))
                {
                    var first = await database.SortedSetRangeByValueAsync(bucket.Lines(), key + "\0", key + "\u0001", Exclude.Stop, take: 1);
                    if (first is [var member] && OutboxNames.ReadMember(member).EventId is var eventId && eventId != row.Event.EventId)
                    {
                        return eventId;
                    }
                }

                return null;
            },
            cancellationToken);
    }

    private async Task<bool> ApplyAsync(IDatabase database, RowAction action, RowVersion row)
    {
        var isApplied = false;
        foreach (var bucket in await _buckets.HavingAsync(database, row.EventId))
        {
            isApplied |= (bool)await Act.RunAsync(
                database,
                new ScriptArguments(
                    [.. bucket.Keys(), bucket.Row(row.EventId)],
                    action.ToString().ToLowerInvariant(), row.EventId, Milliseconds(row.FailedAt), Milliseconds(row.ShelvedAt)));
        }

        return isApplied;
    }

    private static async Task<OutboxRow?> ReadAsync(IDatabase database, Bucket bucket, string eventId)
    {
        var values = await database.HashGetAsync(bucket.Row(eventId), ListedFields, CommandFlags.DemandMaster);
        return OutboxReading.ReadRow(
            bucket,
            eventId,
            [.. ListedFields.Zip(values).Where(field => !field.Second.IsNull).Select(field => new HashEntry(field.First, field.Second))]);
    }

    private static string Milliseconds(DateTimeOffset? time) =>
        time is { } at ? at.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) : "";
}
