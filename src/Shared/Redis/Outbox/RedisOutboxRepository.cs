using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// The outbox in Redis: a hash for each row, and sorted sets of what is to be done. The server's clock decides. Each step is a script, which
/// is executed as a whole or not at all; a claim finds rows without holding them, and takes those that still can be.
/// </summary>
internal sealed partial class RedisOutboxRepository : IOutboxRepository
{
    private static readonly RedisScript Pending = RedisScript.Load("outbox_pending");

    private readonly RedisCalls _calls;
    private readonly RedisOptions _options;
    private readonly Bucket[] _buckets;
    private readonly IEntropy _entropy;

    /// <summary>Makes a repository; it may be used by many threads at once.</summary>
    /// <param name="connections">The database.</param>
    /// <param name="options">The keys, and what becomes of sent rows.</param>
    /// <param name="time">The clock for the waits between tries; the rows' times are the server's.</param>
    /// <param name="entropy">The source of claim tokens and jitter.</param>
    public RedisOutboxRepository(RedisConnections connections, RedisOptions options, TimeProvider time, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(connections);
        ArgumentNullException.ThrowIfNull(options);
        (_calls, _options, _entropy) = (new RedisCalls(connections, connections.Retries(time, entropy)), options, entropy);
        _buckets = Bucket.All(options);
    }

    /// <inheritdoc />
    public bool KeepsOrder => true;

    /// <inheritdoc />
    public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        RowContract.Require(outboxEvent);
        var bucket = OutboxInsert.BucketOf(_options, outboxEvent);
        return _calls.RunAsync(
            async database =>
            {
                while (true)
                {
                    var answer = await OutboxInsert.RunAsync(database, _options, bucket, [outboxEvent]);
                    if ((string?)answer[0] != OutboxInsert.Written && (string?)answer[2][0] == OutboxInsert.Other)
                    {
                        throw new EventIdConflictException(outboxEvent.EventId);
                    }

                    // A row that was there for the insert can be gone by now: then the insert's turn has come again.
                    if (await ReadAsync(database, bucket, outboxEvent.EventId) is { } row)
                    {
                        return new FoundOrCreated(row, (string?)answer[0] == OutboxInsert.Written);
                    }
                }
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async database => (await Task.WhenAll(_buckets.Select(bucket => ReadAsync(database, bucket, eventId))))
                .FirstOrDefault(row => row is not null),
            cancellationToken);

    /// <inheritdoc />
    /// <remarks>Exact where no more than <paramref name="limit"/> rows wait behind others of their keys.</remarks>
    public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return _calls.RunAsync<IReadOnlyList<OutboxRow>>(
            async database =>
            {
                var found = await Task.WhenAll(_buckets.Select(async bucket =>
                {
                    var members = (RedisValue[])(await Pending.RunAsync(database, new ScriptArguments(bucket.Keys(), limit)))!;
                    return await Task.WhenAll(members.Select(member => ReadAsync(database, bucket, OutboxNames.ReadMember(member).EventId)));
                }));
                return [.. found.SelectMany(rows => rows).OfType<OutboxRow>().Where(row => row.Status == OutboxStatus.Pending)
                    .OrderBy(row => row.Event.EnqueuedAt ?? DateTimeOffset.MinValue).Take(limit)];
            },
            cancellationToken);
    }

    private static async Task<OutboxRow?> ReadAsync(IDatabase database, Bucket bucket, string eventId) =>
        OutboxReading.ReadRow(bucket, eventId, await database.HashGetAllAsync(bucket.Row(eventId), CommandFlags.DemandMaster));

    // Which bucket has a row says its ordering key or its id, or, where an app's data was written with it, their hash tag.
    private async Task<Bucket> FindBucketAsync(IDatabase database, string eventId) =>
        (await _buckets.HavingAsync(database, eventId)).FirstOrDefault(_buckets[0]);

    private string NewToken() => _entropy.NewGuid().ToString("N");
}
