using Relaybox.Inbox;
using Relaybox.Redis;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>An inbox in a database of its own.</summary>
internal sealed class RedisBenchInbox(RedisBenchDatabase database, RedisOptions options) : IBenchInbox
{
    private const string Claim =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local leases = {}
        for i = 2, #KEYS do
          local message = 2 + 3 * (i - 2)
          if redis.call('EXISTS', KEYS[i]) == 0 then
            redis.call(
              'HSET', KEYS[i], 'status', 'processing', 'deliveries', 1, 'unfinished', 1, 'claimToken', ARGV[1], 'begunToken', ARGV[1],
              'payloadHash', ARGV[message + 2], 'leaseUntil', now + 60000, 'receivedAt', now, 'claimedAt', now, 'subject', ARGV[message + 1])
            leases[#leases + 1] = now + 60000
            leases[#leases + 1] = ARGV[message]
          end
        end
        if #leases > 0 then
          redis.call('ZADD', KEYS[1], unpack(leases))
        end
        return #leases / 2
        """;

    private const string Mark =
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local members, processed = {}, {}
        for i = 3, #KEYS do
          local record = redis.call('HMGET', KEYS[i], 'status', 'claimToken')
          if record[1] == 'processing' and record[2] == ARGV[1] then
            redis.call('HSET', KEYS[i], 'status', 'processed', 'processedAt', now)
            redis.call('HDEL', KEYS[i], 'leaseUntil')
            members[#members + 1] = ARGV[i - 1]
            processed[#processed + 1] = now
            processed[#processed + 1] = ARGV[i - 1]
          end
        end
        if #members > 0 then
          redis.call('ZREM', KEYS[1], unpack(members))
          redis.call('ZADD', KEYS[2], unpack(processed))
        end
        return #members
        """;

    private readonly InboxNames _names = new(Bucket.All(options)[0]);

    public IInboxRepository Repository { get; } =
        new RedisInboxRepository(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    public Task EmptyAsync(CancellationToken cancellationToken) => database.MakeAnewAsync(options, cancellationToken);

    public async Task HandleBareAsync(IReadOnlyList<InboxMessage[]> batches, CancellationToken cancellationToken)
    {
        foreach (var batch in batches)
        {
            var token = Guid.NewGuid().ToString("N");
            var members = Array.ConvertAll(batch, message => $"bench:{message.Event.EventId}");
            RedisKey[] records = [.. members.Select(_names.Record)];
            await database.Database.ScriptEvaluateAsync(
                Claim,
                [_names.Leases, .. records],
                [token, .. batch.SelectMany((message, i) => new RedisValue[] { members[i], message.Event.Subject, message.PayloadHash })]);
            var marked = (int)await database.Database.ScriptEvaluateAsync(
                Mark, [_names.Leases, _names.Processed, .. records], [token, .. members.Select(member => (RedisValue)member)]);
            if (marked != batch.Length)
            {
                throw new InvalidOperationException($"bare loop: {marked} of {batch.Length} messages were claimed and marked.");
            }
        }
    }
}
