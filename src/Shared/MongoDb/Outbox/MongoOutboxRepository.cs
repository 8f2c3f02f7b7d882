using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>
/// The outbox in a MongoDB collection. The server's clock decides. A claim finds rows without holding them, takes exactly these where
/// their state is unchanged, and knows by its token which it got.
/// </summary>
internal sealed partial class MongoOutboxRepository : IOutboxRepository
{
    private const long AnySize = long.MaxValue;

    private readonly MongoCalls _calls;
    private readonly AfterSending _afterSending;
    private readonly IEntropy _entropy;

    /// <summary>Makes a repository; it may be used by many threads at once.</summary>
    /// <param name="connections">The database.</param>
    /// <param name="options">The names, and what becomes of sent rows.</param>
    /// <param name="time">The clock for the waits between tries; the rows' times are the server's.</param>
    /// <param name="entropy">The source of claim tokens and jitter.</param>
    public MongoOutboxRepository(MongoConnections connections, MongoOptions options, TimeProvider time, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(connections);
        ArgumentNullException.ThrowIfNull(options);
        (_calls, _afterSending, _entropy) = (connections.Calls(time, entropy), options.AfterSending, entropy);
    }

    /// <inheritdoc />
    public bool KeepsOrder => true;

    /// <inheritdoc />
    public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        RowContract.Require(outboxEvent);
        return _calls.RunAsync((database, ct) => FindOrCreateOnceAsync(database, outboxEvent, ct), cancellationToken);
    }

    /// <inheritdoc />
    public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, ct) => await FindOneAsync(database, eventId, ct) is { } document ? OutboxDocument.ToRow(document) : null,
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return _calls.RunAsync<IReadOnlyList<OutboxRow>>(
            async (database, ct) =>
            {
                var found = await database.Outbox.Find(IsPending()).Sort(new BsonDocument { { Fields.EnqueuedAt, 1 }, { Fields.Id, 1 } })
                    .Limit(limit).Project<BsonDocument>(OutboxProjection.Of(AnySize)).ReadAsync(ct);
                return [.. found.Select(OutboxDocument.ToRow)];
            },
            cancellationToken);
    }

    private static BsonDocument IsPending() =>
        new(Fields.Status, new BsonDocument("$in", new BsonArray { OutboxStatusText.Pending, OutboxDocument.Waiting }));

    private static Task<BsonDocument?> FindOneAsync(MongoCollections database, string eventId, CancellationToken cancellationToken) =>
        database.Outbox.Find(new BsonDocument(Fields.Id, eventId)).Project<BsonDocument?>(OutboxProjection.Of(AnySize))
            .FirstOrDefaultAsync(cancellationToken);

    // A row that was there for the insert can be gone for the find: then the insert's turn has come again.
    private static async Task<FoundOrCreated> FindOrCreateOnceAsync(
        MongoCollections database, OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        while (true)
        {
            var created = outboxEvent.OrderingKey is null
                ? await InsertAsync(database, outboxEvent, cancellationToken)
                : await InsertKeyedAsync(database, outboxEvent, cancellationToken);
            if (await FindOneAsync(database, outboxEvent.EventId, cancellationToken) is not { } document)
            {
                continue;
            }

            var row = OutboxDocument.ToRow(document);
            return created || row.Event.SaysTheSameAs(outboxEvent)
                ? new FoundOrCreated(row, created)
                : throw new EventIdConflictException(outboxEvent.EventId);
        }
    }

    private static async Task<bool> InsertAsync(MongoCollections database, OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        var result = await database.Outbox.UpdateOneAsync(
            new BsonDocument(Fields.Id, outboxEvent.EventId),
            Builders<BsonDocument>.Update.Pipeline(new[] { OutboxDocument.InsertStage(outboxEvent, orderNumber: null) }),
            new UpdateOptions { IsUpsert = true },
            cancellationToken);
        return result.UpsertedId is not null;
    }

    private static async Task<bool> InsertKeyedAsync(MongoCollections database, OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        using var session = await database.Client.StartSessionAsync(cancellationToken: cancellationToken);
        session.StartTransaction(MongoCollections.Transactions);
        if (await database.Outbox.Find(session, new BsonDocument(Fields.Id, outboxEvent.EventId)).AnyAsync(cancellationToken))
        {
            await session.AbortTransactionAsync(cancellationToken);
            return false;
        }

        var number = await OutboxInsert.TakeNumbersAsync(database, session, outboxEvent.OrderingKey!, 1, cancellationToken);
        await database.Outbox.UpdateOneAsync(
            session,
            new BsonDocument(Fields.Id, outboxEvent.EventId),
            Builders<BsonDocument>.Update.Pipeline(new[] { OutboxDocument.InsertStage(outboxEvent, number) }),
            new UpdateOptions { IsUpsert = true },
            cancellationToken);
        await session.CommitTransactionAsync(cancellationToken);
        return true;
    }

    private string NewToken() => _entropy.NewGuid().ToString("N");
}
