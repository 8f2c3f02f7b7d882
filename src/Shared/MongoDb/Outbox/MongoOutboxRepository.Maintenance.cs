using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Paging;

namespace Relaybox.MongoDb;

// Maintenance: bounded steps. What a step changes it does not find again, so a cursor mostly says only that there may be more.
internal sealed partial class MongoOutboxRepository
{
    private const string More = "more";
    private const string MoreParked = "parked";
    private const string MoreKeys = "keys";
    private const int RowsLookedAt = 1_000;

    // Dates beyond the year 9999 are no times that anybody can mean.
    private static readonly BsonDateTime LastTime = new(DateTimeOffset.MaxValue.ToUnixTimeMilliseconds());

    /// <inheritdoc />
    public async Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        switch (cursor)
        {
            case MoreKeys:
                var keys = await _calls.RunAsync(
                    (database, ct) => OutboxCounters.DeleteUnusedAsync(database, sentRetention, pageSize, ct), cancellationToken);
                return new MaintenancePage(0, keys == pageSize ? MoreKeys : null);
            case MoreParked:
                var parked = failedRetention is { } retention
                    ? await DeleteAsync(OutboxStatusText.Failed, Fields.FailedAt, retention, pageSize, cancellationToken)
                    : 0;
                return new MaintenancePage(parked, parked == pageSize ? MoreParked : MoreKeys);
            default:
                var sent = await DeleteAsync(OutboxStatusText.Sent, Fields.SentAt, sentRetention, pageSize, cancellationToken);
                return new MaintenancePage(sent, sent == pageSize ? More : failedRetention is null ? MoreKeys : MoreParked);
        }
    }

    /// <inheritdoc />
    public async Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var reset = await _calls.RunAsync(
            async (database, ct) =>
            {
                var stale = new BsonDocument(Fields.Status, OutboxStatusText.Publishing).Merge(Expressions.Due(Fields.LeaseUntil, age));
                var found = await database.Outbox.Find(stale).Sort(ByLeaseUntil).Limit(pageSize)
                    .Project<BsonDocument>(new BsonDocument(Fields.Id, 1)).ReadAsync(ct);
                if (found.Count == 0)
                {
                    return 0;
                }

                var result = await database.Outbox.UpdateManyAsync(
                    new BsonDocument(Fields.Id, Expressions.IsIn(found.Select(row => row[Fields.Id]))).Merge(stale),
                    new BsonDocument
                    {
                        { "$set", new BsonDocument(Fields.Status, OutboxStatusText.Pending) },
                        { "$unset", Unset(Fields.ClaimToken, Fields.ClaimedAt, Fields.LeaseUntil) },
                    },
                    cancellationToken: ct);
                return (int)result.ModifiedCount;
            },
            cancellationToken);
        if (reset == pageSize)
        {
            return new MaintenancePage(reset, More);
        }

        var released = await _calls.RunAsync((database, ct) => OutboxOrder.ReleaseForgottenAsync(database, pageSize, ct), cancellationToken);
        return new MaintenancePage(reset, released == pageSize ? More : null);
    }

    /// <inheritdoc />
    public Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, ct) =>
            {
                // Ids of any type, in the order of the index.
                var rest = cursor is null
                    ? new BsonDocument()
                    : new BsonDocument("$expr", new BsonDocument(
                        "$gt", new BsonArray { $"${Fields.Id}", Expressions.Literal(BsonSerializer.Deserialize<BsonDocument>(cursor)[Fields.Id]) }));
                var page = await database.Outbox.Find(rest).Sort(new BsonDocument(Fields.Id, 1)).Limit(pageSize)
                    .Project<BsonDocument>(new BsonDocument
                    {
                        { Fields.Status, Expressions.Text(Fields.Status) },
                        { Fields.OrderingKey, Expressions.OfType(Fields.OrderingKey, "string") },
                        { Fields.OrderNumber, Expressions.OfType(Fields.OrderNumber, "int", "long", "double") },
                        { "never", new BsonDocument("$gt", new BsonArray { $"${Fields.AvailableAt}", LastTime }) },
                    })
                    .ReadAsync(ct);
                var counts = page.GroupBy(row => StatusOf(row[Fields.Status].AsString), StringComparer.Ordinal)
                    .ToDictionary(group => group.Key, group => group.LongCount(), StringComparer.Ordinal);
                var recovered = await ParkUnsendableAsync(database, page, ct) + await ReleaseLostAsync(database, page, ct);
                return new ReconcilePage(recovered, counts, page.Count == pageSize ? CursorAfter(page[^1]) : null);
            },
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        _calls.RunAsync<IReadOnlyDictionary<string, long>>(
            async (database, ct) =>
            {
                var groups = await database.Outbox.Aggregate()
                    .AppendStage<BsonDocument>(new BsonDocument("$group", new BsonDocument
                    {
                        { Fields.Id, Expressions.Text(Fields.Status) }, { "count", new BsonDocument("$sum", 1) },
                    }))
                    .ToListAsync(ct);
                return groups.GroupBy(group => StatusOf(group[Fields.Id].AsString), group => group["count"].ToInt64(), StringComparer.Ordinal)
                    .ToDictionary(group => group.Key, group => group.Sum(), StringComparer.Ordinal);
            },
            cancellationToken);

    /// <inheritdoc />
    public Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, ct) =>
            {
                var due = await AgesAsync(IsDueAndTimed, ByAvailableAt, Fields.AvailableAt);
                if (due.Count < RowsLookedAt)
                {
                    due.AddRange(await AgesAsync(IsDue, ByAvailableAt, Fields.EnqueuedAt));
                }

                var oldest = await OldestClaimableAsync(database, due, ct);
                var ended = await AgesAsync(IsEnded, ByLeaseUntil, Fields.LeaseUntil, count: 1);
                return TimeSpan.FromMilliseconds(Math.Max(0, Math.Max(oldest, ended.Select(AgeOf).FirstOrDefault())));

                Task<List<BsonDocument>> AgesAsync(BsonDocument filter, BsonDocument sort, string since, int count = RowsLookedAt) =>
                    database.Outbox.Find(filter).Sort(sort).Limit(count)
                        .Project<BsonDocument>(new BsonDocument
                        {
                            { Fields.OrderingKey, 1 }, { Fields.OrderNumber, 1 },
                            {
                                "age", Expressions.If(
                                    Expressions.IsOfType(since, "date"),
                                    new BsonDocument("$subtract", new BsonArray { Expressions.Now, $"${since}" }),
                                    0L)
                            },
                        })
                        .ReadAsync(ct);
            },
            cancellationToken);

    private static string StatusOf(string stored) => stored == OutboxDocument.Waiting ? OutboxStatusText.Pending : stored;

    private static double AgeOf(BsonDocument row) => row["age"].ToDouble();

    private static string CursorAfter(BsonDocument row) =>
        new BsonDocument(Fields.Id, row[Fields.Id]).ToJson(new JsonWriterSettings { OutputMode = JsonOutputMode.CanonicalExtendedJson });

    // A parked row that later rows of its key wait for stays until it is skipped.
    private Task<int> DeleteAsync(string status, string since, TimeSpan retention, int limit, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, ct) =>
            {
                var old = new BsonDocument(Fields.Status, status).Merge(new BsonDocument("$expr", new BsonDocument(
                    "$lt", new BsonArray { $"${since}", Expressions.Before(retention) })));
                old[since] = new BsonDocument("$type", "date");
                if (status == OutboxStatusText.Failed)
                {
                    old["$or"] = new BsonArray
                    {
                        new BsonDocument(Fields.OrderingKey, BsonNull.Value),
                        new BsonDocument(Fields.SkippedAt, new BsonDocument("$ne", BsonNull.Value)),
                    };
                }

                var found = await database.Outbox.Find(old).Sort(new BsonDocument(since, 1)).Limit(limit)
                    .Project<BsonDocument>(new BsonDocument(Fields.Id, 1)).ReadAsync(ct);
                if (found.Count == 0)
                {
                    return 0;
                }

                old[Fields.Id] = Expressions.IsIn(found.Select(row => row[Fields.Id]));
                return (int)(await database.Outbox.DeleteManyAsync(old, ct)).DeletedCount;
            },
            cancellationToken);

    // Rows that no claim would ever find: due after the year 9999, or with an id that is no text.
    private static async Task<int> ParkUnsendableAsync(MongoCollections database, List<BsonDocument> page, CancellationToken cancellationToken)
    {
        var models = new List<WriteModel<BsonDocument>>();
        foreach (var row in page.Where(row => row[Fields.Status].AsString is OutboxStatusText.Pending or OutboxDocument.Waiting))
        {
            if (!row[Fields.Id].IsString)
            {
                models.Add(Park(row, ErrorCodes.EventIdInvalid, "The field '_id' must be a string: the event's id."));
            }
            else if (row["never"].ToBoolean())
            {
                models.Add(Park(
                    row, ErrorCodes.FieldInvalid, "The field 'availableAt' must be a date before the year 10000: the row would never be sent."));
            }
        }

        return models.Count == 0
            ? 0
            : (int)(await database.Outbox.BulkWriteAsync(models, new BulkWriteOptions { IsOrdered = false }, cancellationToken)).ModifiedCount;

        static UpdateOneModel<BsonDocument> Park(BsonDocument row, string code, string message) => new(
            new BsonDocument(Fields.Id, row[Fields.Id]).Merge(IsPending()),
            new BsonDocument
            {
                {
                    "$set", new BsonDocument
                    {
                        { Fields.Status, OutboxStatusText.Failed }, { Fields.ErrorCode, code }, { Fields.ErrorMessage, message },
                    }
                },
                { "$currentDate", new BsonDocument(Fields.FailedAt, true) },
                { "$unset", Unset(Fields.SkippedAt, Fields.ShelvedAt) },
            });
    }

    // Rows that wait for nobody, such as for a row that was deleted by hand.
    private static async Task<int> ReleaseLostAsync(MongoCollections database, List<BsonDocument> page, CancellationToken cancellationToken)
    {
        var waiting = page.Where(row => row[Fields.Status].AsString == OutboxDocument.Waiting && OutboxDocument.NumberOf(row) is not null)
            .GroupBy(row => row[Fields.OrderingKey].AsString, StringComparer.Ordinal)
            .ToDictionary(key => key.Key, key => key.MinBy(row => OutboxDocument.NumberOf(row))!, StringComparer.Ordinal);
        if (waiting.Count == 0)
        {
            return 0;
        }

        var held = await OutboxOrder.FindHeldAsync(
            database, [.. waiting.Select(row => (row.Key, OutboxDocument.NumberOf(row.Value)!.Value))], cancellationToken);
        var lost = waiting.Where(row => !held.ContainsKey(row.Key)).Select(row => row.Value[Fields.Id].AsString).ToList();
        return lost.Count == 0
            ? 0
            : (int)(await database.Outbox.UpdateManyAsync(
                new BsonDocument { { Fields.Id, Expressions.IsIn(lost) }, { Fields.Status, OutboxDocument.Waiting } },
                OutboxOrder.Release(),
                cancellationToken: cancellationToken)).ModifiedCount;
    }

    // What waits behind another row of its key is not due, however long ago its time was.
    private static async Task<double> OldestClaimableAsync(MongoCollections database, List<BsonDocument> due, CancellationToken cancellationToken)
    {
        var heads = due.Where(row => OutboxDocument.NumberOf(row) is not null)
            .GroupBy(row => row[Fields.OrderingKey].AsString, StringComparer.Ordinal)
            .ToDictionary(key => key.Key, key => key.Min(row => OutboxDocument.NumberOf(row)!.Value), StringComparer.Ordinal);
        var held = await OutboxOrder.FindHeldAsync(database, [.. heads.Select(head => (head.Key, head.Value))], cancellationToken);
        return due.Where(row => OutboxDocument.NumberOf(row) is not { } number
                || (heads[row[Fields.OrderingKey].AsString] == number && !held.ContainsKey(row[Fields.OrderingKey].AsString)))
            .Select(AgeOf).DefaultIfEmpty().Max();
    }
}
