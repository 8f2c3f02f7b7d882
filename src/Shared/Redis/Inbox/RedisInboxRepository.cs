using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Operations;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// The inbox in Redis: one script claims the messages of a bucket, and one script completes a claim, alone or together with what the
/// handler enlisted and emitted. The server's clock decides.
/// </summary>
/// <remarks>
/// A record is in the bucket of its event's ordering key, or of the event's id where it has none: so the records, and the writes, of a key's
/// events are together. Every delivery of an event has to come with the same ordering key.
/// </remarks>
/// <param name="connections">The database.</param>
/// <param name="options">The prefix and the buckets.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of claim tokens and jitter.</param>
internal sealed partial class RedisInboxRepository(
    RedisConnections connections, RedisOptions options, TimeProvider time, IEntropy entropy)
    : IInboxRepository, IInboxOperations, IExplainsFailures
{
    private static readonly RedisScript Claim = RedisScript.Load("inbox_claim");

    private readonly RedisCalls _calls = new(connections, connections.Retries(time, entropy));
    private readonly InboxNames[] _buckets = [.. Bucket.All(options).Select(bucket => new InboxNames(bucket))];

    /// <inheritdoc />
    public async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var batch = new InboxClaimBatch(consumer, messages, entropy);
        var byBucket = batch.Open().GroupBy(open => BucketOf(open.Message)).ToList();
        var answers = await Task.WhenAll(byBucket.Select(bucket => ClaimAsync(bucket.Key, [.. bucket], lease, maxAttempts, cancellationToken)));
        foreach (var (bucket, answer) in byBucket.Zip(answers))
        {
            var now = InboxFields.Time((RedisValue)answer[0])!.Value;
            foreach (var ((key, _, _), i) in bucket.Select((open, i) => (open, i + 1)))
            {
                // The script has decided already: what it has not claimed nobody can claim now.
                batch.Refused(key, InboxFields.ToRefused((RedisValue[])answer[i]!), now, maxAttempts, isLast: true);
            }
        }

        return [.. batch.Claims.Zip(messages, (claim, message) =>
            claim is InboxClaim.Claimed claimed ? claimed with { Place = BucketOf(message) } : claim)];
    }

    /// <inheritdoc />
    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new RedisInboxTransaction(this, _calls, NamesOf(claim), options, claim, time));

    /// <inheritdoc />
    public async Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken)
    {
        // The key does not say its bucket.
        var records = await _calls.RunAsync(
            database => Task.WhenAll(_buckets.Select(bucket => database.HashGetAllAsync(bucket.Record(key), CommandFlags.DemandMaster))),
            cancellationToken);
        return Array.Find(records, record => record.Length > 0) is { } found ? InboxFields.ToRecord(key, found) : null;
    }

    /// <inheritdoc />
    public bool IsOutage(Exception exception) => RedisFaults.IsOfServer(exception);

    StoreFailedException? IExplainsFailures.Explain(Exception exception) => connections.Explain(exception);

    private Task<RedisResult[]> ClaimAsync(
        int bucket,
        List<(InboxKey Key, InboxMessage Message, string Token)> open,
        TimeSpan lease,
        int maxAttempts,
        CancellationToken cancellationToken)
    {
        var names = _buckets[bucket];
        RedisKey[] keys = [names.Bucket.Schema, names.Leases, .. open.Select(of => names.Record(of.Key))];
        RedisValue[] values =
        [
            RedisSchema.Version, options.Buckets, Milliseconds(lease), maxAttempts, InboxClaim.MaxUnfinished,
            .. open.SelectMany(of => new RedisValue[]
            {
                of.Token, of.Message.Event.Subject, of.Message.PayloadHash, of.Message.Stream ?? "",
                of.Message.StreamSequence is { } sequence ? sequence : "",
            }),
        ];
        return _calls.RunAsync(async database => (RedisResult[])(await Claim.RunAsync(database, keys, values))!, cancellationToken);
    }

    private int BucketOf(InboxMessage message) => Bucket.Of(options, message.Event.OrderingKey ?? message.Event.EventId).Number;

    /// <summary>The bucket of a claim's record. A claim that was not made here says none: its event has no ordering key.</summary>
    private InboxNames NamesOf(InboxClaim.Claimed claim) => _buckets[claim.Place ?? Bucket.Of(options, claim.EventId).Number];

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;
}
