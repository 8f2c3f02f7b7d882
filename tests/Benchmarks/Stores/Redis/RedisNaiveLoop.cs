using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>
/// The loop that outboxes are often written as: find 100 pending rows, read each, mark it as publishing, publish, mark it as sent; a hash for
/// each row, and a sorted set of those that are pending.
/// </summary>
internal sealed class RedisNaiveLoop(RedisBenchDatabase database) : IDrainLoop
{
    private const string Pending = "nats_outbox_events:pending";
    private const int Limit = 100;
    private const int RowsAtOnce = 1_000;

    private readonly IDatabase _rows = database.Database;

    public async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await database.EmptyAsync();
        foreach (var chunk in Enumerable.Range(0, (int)rows).Chunk(RowsAtOnce))
        {
            await Task.WhenAll(chunk.Select(_ => AddAsync($"{Guid.NewGuid()}"))).WaitAsync(cancellationToken);
        }
    }

    public async Task DrainAsync(long rows, CancellationToken cancellationToken)
    {
        long sent = 0;
        while (true)
        {
            var ids = await _rows.SortedSetRangeByRankAsync(Pending, 0, Limit - 1);
            if (ids.Length == 0)
            {
                break;
            }

            foreach (var id in ids)
            {
                var row = await _rows.HashGetAsync(Key(id), ["subject", "payload", "headers"]);
                _ = ((string?)row[0], (string?)row[1], (string?)row[2]);
                await _rows.HashSetAsync(Key(id), [new("status", "publishing"), new("updatedAt", Now())]);
                var mark = _rows.CreateTransaction();
                _ = mark.HashSetAsync(Key(id), [new("status", "sent"), new("sentAt", Now())]);
                _ = mark.SortedSetRemoveAsync(Pending, id);
                sent += await mark.ExecuteAsync() ? 1 : 0;
            }
        }

        if (sent != rows)
        {
            throw new InvalidOperationException($"naive: {sent} of {rows} rows were sent.");
        }
    }

    private Task AddAsync(string id)
    {
        var now = Now();
        return Task.WhenAll(
            _rows.HashSetAsync(
                Key(id),
                [new("subject", "orders.placed"), new("payload", BenchPayload.Text), new("status", "pending"), new("enqueuedAt", now)]),
            _rows.SortedSetAddAsync(Pending, id, now));
    }

    private static RedisKey Key(RedisValue id) => $"nats_outbox_events:{id}";

    private static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
}
