using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>An outbox in a database of its own.</summary>
internal sealed class MongoBenchOutbox(string name, IMongoDatabase database, MongoOptions options) : BenchOutbox(name)
{
    private const int RowsOfAnInsert = 1_000;

    public IMongoCollection<BsonDocument> Collection { get; } = database.GetCollection<BsonDocument>(options.OutboxCollection);

    public override IOutboxRepository Repository() => new MongoOutboxRepository(Connections(), options, TimeProvider.System, SystemEntropy.Instance);

    public override IOutboxSignal Signal() => new MongoOutboxSignal(Connections(), TimeProvider.System, NullLogger<MongoOutboxSignal>.Instance);

    public override async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await EmptyAsync(cancellationToken);
        await AddAsync(rows, cancellationToken);
    }

    public override Task WriteAsync(string eventId, CancellationToken cancellationToken) =>
        Collection.InsertOneAsync(Row(eventId), cancellationToken: cancellationToken);

    public override async Task AddKeyedAsync(long rows, int keys, string prefix, TimeSpan dueIn, CancellationToken cancellationToken)
    {
        var writer = new MongoOutboxWriter(database, options);
        var due = TimeProvider.System.GetUtcNow() + dueIn;
        using var session = await database.Client.StartSessionAsync(cancellationToken: cancellationToken);
        for (var from = 0L; from < rows; from += RowsOfAnInsert)
        {
            session.StartTransaction();
            await writer.EnqueueManyAsync(
                BenchPayload.Keyed(from, Math.Min(RowsOfAnInsert, rows - from), keys, prefix, due), session, cancellationToken);
            await session.CommitTransactionAsync(cancellationToken);
        }
    }

    /// <summary>Drops the collection with its indexes, and makes it anew.</summary>
    public async Task EmptyAsync(CancellationToken cancellationToken)
    {
        await database.DropCollectionAsync(options.OutboxCollection, cancellationToken);
        await new MongoSetup(Connections(), new MongoSetupOptions(null, null), NullLogger<MongoSetup>.Instance).RunAsync(cancellationToken);
    }

    public Task AddAsync(long rows, CancellationToken cancellationToken) => InsertAsync(rows, _ => Row($"{Guid.NewGuid()}"), cancellationToken);

    /// <summary>Adds rows that were sent 30 days ago and before. Their ids are told from those of others.</summary>
    public Task AddSentAsync(long rows, CancellationToken cancellationToken)
    {
        var last = DateTime.UnixEpoch.AddMilliseconds(TimeProvider.System.GetUtcNow().AddDays(-30).ToUnixTimeMilliseconds());
        return InsertAsync(
            rows,
            n =>
            {
                var at = last.AddMilliseconds(-n);
                return Row($"{MongoSentHistory.Prefix}{n}").Merge(new BsonDocument
                {
                    { "enqueuedAt", at }, { "availableAt", at }, { "sentAt", at }, { "status", OutboxStatusText.Sent },
                }, overwriteExistingElements: true);
            },
            cancellationToken);
    }

    private static BsonDocument Row(string eventId) => new()
    {
        { "_id", eventId }, { "subject", "orders.placed" }, { "payload", BenchPayload.Text }, { "status", OutboxStatusText.Pending },
    };

    private async Task InsertAsync(long rows, Func<long, BsonDocument> row, CancellationToken cancellationToken)
    {
        for (var from = 0L; from < rows; from += RowsOfAnInsert)
        {
            var start = from;
            var chunk = Enumerable.Range(0, (int)Math.Min(RowsOfAnInsert, rows - from)).Select(i => row(start + i));
            await Collection.InsertManyAsync(chunk, new InsertManyOptions { IsOrdered = false }, cancellationToken);
        }
    }

    private MongoConnections Connections() => new(database, options);
}
