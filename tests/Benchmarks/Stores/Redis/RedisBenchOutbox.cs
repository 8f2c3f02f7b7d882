using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>An outbox in a database of its own.</summary>
internal sealed class RedisBenchOutbox(RedisBenchDatabase database, RedisOptions options) : BenchOutbox(options.KeyPrefix)
{
    private const int RowsOfAnInsert = 500;

    private readonly RedisOutboxWriter _writer = new(database.Database.Multiplexer, options);

    public IDatabase Database => database.Database;

    public Bucket Bucket { get; } = Bucket.All(options)[0];

    /// <summary>Where each insert publishes its hint.</summary>
    public RedisChannel Channel => OutboxNames.Channel(options);

    public override IOutboxRepository Repository() =>
        new RedisOutboxRepository(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    public override IOutboxSignal Signal() =>
        new RedisOutboxSignal(database.Connections, options, TimeProvider.System, NullLogger<RedisOutboxSignal>.Instance);

    public override async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await database.MakeAnewAsync(options, cancellationToken);
        await AddAsync(rows, cancellationToken);
    }

    public async Task AddAsync(long rows, CancellationToken cancellationToken)
    {
        for (; rows > 0; rows -= RowsOfAnInsert)
        {
            OutboxEvent[] events = [.. Enumerable.Range(0, (int)Math.Min(RowsOfAnInsert, rows)).Select(_ => NewEvent($"{Guid.NewGuid()}"))];
            await OutboxInsert.RunAsync(Database, options, Bucket, events).WaitAsync(cancellationToken);
        }
    }

    public override async Task AddKeyedAsync(long rows, int keys, string prefix, TimeSpan dueIn, CancellationToken cancellationToken)
    {
        var due = TimeProvider.System.GetUtcNow() + dueIn;
        for (var from = 0L; from < rows; from += RowsOfAnInsert)
        {
            OutboxEvent[] events = [.. BenchPayload.Keyed(from, Math.Min(RowsOfAnInsert, rows - from), keys, prefix, due)];
            await OutboxInsert.RunAsync(Database, options, Bucket, events).WaitAsync(cancellationToken);
        }
    }

    public override Task WriteAsync(string eventId, CancellationToken cancellationToken) =>
        _writer.EnqueueAsync(NewEvent(eventId), cancellationToken);

    private static OutboxEvent NewEvent(string eventId) => new() { EventId = eventId, Subject = "orders.placed", Payload = BenchPayload.Text };
}
