using Relaybox.Redis;
using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>Sent rows of Redis. That a claim does not look at them is counted in <c>RedisOutboxCostTests</c>.</summary>
internal sealed class RedisSentHistory : ISentHistory
{
    private const int RowsOfAScript = 10_000;

    private const string Fill =
        """
        for n = ARGV[1], ARGV[2] do
          local id, at = 'sent-' .. n, string.format('%.0f', ARGV[3] - n)
          redis.call(
            'HSET', ARGV[4] .. id, 'status', 'sent', 'subject', 'orders.placed', 'payload', ARGV[5], 'enqueuedAt', at, 'sentAt', at)
          redis.call('ZADD', KEYS[1], at, '\0\0' .. id .. '\0')
        end
        """;

    private readonly RedisBenchOutbox _outbox;
    private readonly long _last;

    private RedisSentHistory(RedisBenchOutbox outbox, long last) => (_outbox, _last) = (outbox, last);

    public BenchOutbox Outbox => _outbox;

    /// <summary>Adds rows that were sent 30 days ago and before to an empty outbox.</summary>
    public static async Task<RedisSentHistory> CreateAsync(RedisBenchOutbox outbox, int rows, CancellationToken cancellationToken)
    {
        var last = TimeProvider.System.GetUtcNow().AddDays(-30).ToUnixTimeMilliseconds();
        for (var from = 1; from <= rows; from += RowsOfAScript)
        {
            await outbox.Database.ScriptEvaluateAsync(
                Fill,
                [outbox.Bucket.Sent()],
                [from, Math.Min(rows, from + RowsOfAScript - 1), last, outbox.Bucket.Row(""), BenchPayload.Text]).WaitAsync(cancellationToken);
        }

        return new RedisSentHistory(outbox, last);
    }

    public async Task AddAsync(long rows, CancellationToken cancellationToken)
    {
        var sent = (RedisKey)_outbox.Bucket.Sent();
        var since = await _outbox.Database.SortedSetRangeByScoreAsync(sent, _last, exclude: Exclude.Start);
        await _outbox.Database.KeyDeleteAsync(
            [.. since.Select(member => (RedisKey)_outbox.Bucket.Row(OutboxNames.ReadMember(member).EventId))]);
        await _outbox.Database.SortedSetRemoveRangeByScoreAsync(sent, _last, double.PositiveInfinity, Exclude.Start);
        await _outbox.AddAsync(rows, cancellationToken);
    }

    public Task<long?> CountScansAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);
}
