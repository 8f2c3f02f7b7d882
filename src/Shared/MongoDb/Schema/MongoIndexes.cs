using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.Outbox;

namespace Relaybox.MongoDb;

/// <summary>The indexes. But for the order of the keys each holds only documents that still need work, however many are kept.</summary>
internal static class MongoIndexes
{
    // A lease that was renewed matters until it ends.
    private static readonly TimeSpan RenewedLeasesAreKept = TimeSpan.FromDays(1);

    internal static IReadOnlyList<CreateIndexModel<BsonDocument>> Outbox { get; } =
    [
        Index("due", new BsonDocument { { Fields.AvailableAt, 1 }, { Fields.Id, 1 } }, Of(OutboxStatusText.Pending)),
        Index("leased", new BsonDocument { { Fields.LeaseUntil, 1 }, { Fields.Id, 1 } }, Of(OutboxStatusText.Publishing)),
        Index("failed", new BsonDocument { { Fields.FailedAt, 1 }, { Fields.Id, 1 } }, Of(OutboxStatusText.Failed)),
        Index("sent_at", new BsonDocument { { Fields.SentAt, 1 }, { Fields.Id, 1 } }, Of(OutboxStatusText.Sent)),
        Index("followed", new BsonDocument { { Fields.Followed, 1 }, { Fields.Status, 1 } }, IsPresent(Fields.Followed)),

        // Unique: two rows in one place of a key are the fault of a writer, or of a counter that is behind.
        Index(
            "order",
            new BsonDocument { { Fields.OrderingKey, 1 }, { Fields.OrderNumber, 1 } },
            IsPresent(Fields.OrderNumber),
            isUnique: true),
    ];

    internal static IReadOnlyList<CreateIndexModel<BsonDocument>> Keys { get; } = [Index("used", new BsonDocument(Fields.UsedAt, 1))];

    internal static IReadOnlyList<CreateIndexModel<BsonDocument>> Inbox { get; } =
    [
        Index("leased", new BsonDocument(Fields.LeaseUntil, 1), Of(InboxStatusText.Processing)),
        Index("processed", new BsonDocument(Fields.ProcessedAt, 1), Of(InboxStatusText.Processed)),
        Index("failed", new BsonDocument(Fields.FailedAt, 1), Of(InboxStatusText.Failed)),
        Index("event", new BsonDocument($"{Fields.Id}.{Fields.EventId}", 1)),
    ];

    internal static IReadOnlyList<CreateIndexModel<BsonDocument>> Leases { get; } =
    [
        new(new BsonDocument(Fields.LeaseUntil, 1), new CreateIndexOptions { Name = "ended", ExpireAfter = RenewedLeasesAreKept }),
    ];

    private static BsonDocument IsPresent(string field) => new(field, new BsonDocument("$exists", true));

    private static BsonDocument Of(string status) => new(Fields.Status, status);

    private static CreateIndexModel<BsonDocument> Index(string name, BsonDocument keys, BsonDocument? filter = null, bool isUnique = false) =>
        new(keys, new CreateIndexOptions<BsonDocument> { Name = name, PartialFilterExpression = filter, Unique = isUnique ? true : null });
}
