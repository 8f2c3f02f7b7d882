using System.Globalization;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;

namespace Relaybox.MongoDb;

// Maintenance: each step takes the oldest records, through an index that has no others.
internal sealed partial class MongoInboxRepository
{
    /// <inheritdoc />
    public Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        InboxCleanup.StepAsync(cursor, pageSize, status => status == InboxStatus.Failed
            ? DeleteAsync(InboxStatusText.Failed, Fields.FailedAt, failedRetention, pageSize, cancellationToken)
            : DeleteAsync(InboxStatusText.Processed, Fields.ProcessedAt, processedRetention, pageSize, cancellationToken));

    /// <inheritdoc />
    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, ct) =>
            {
                // Records whose lease was renewed elsewhere stay where they are, and are passed over by the next step.
                var living = cursor is null ? 0 : int.Parse(cursor, CultureInfo.InvariantCulture);
                var stale = new BsonDocument(Fields.Status, InboxStatusText.Processing).Merge(Expressions.Due(Fields.LeaseUntil, age));
                var found = await database.Inbox.Find(stale).Sort(new BsonDocument(Fields.LeaseUntil, 1)).Skip(living).Limit(pageSize)
                    .Project<BsonDocument>(new BsonDocument { { Fields.Status, 1 }, { Fields.ClaimToken, 1 }, { NowField, Expressions.Now } })
                    .ReadAsync(ct);
                var renewed = await FindRenewedAsync(database, found, ct);
                var dead = found.FindAll(record =>
                    !renewed.TryGetValue(InboxDocument.KeyOf(record), out var until) || until <= record.Time(NowField) - age);
                var reset = dead.Count == 0 ? 0 : (int)(await database.Inbox.BulkWriteAsync(
                    [.. dead.Select(record => new UpdateOneModel<BsonDocument>(Unchanged(record, stale), Failed()))],
                    new BulkWriteOptions { IsOrdered = false },
                    ct)).ModifiedCount;
                return new MaintenancePage(
                    reset, found.Count < pageSize ? null : (living + found.Count - dead.Count).ToString(CultureInfo.InvariantCulture));
            },
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        _calls.RunAsync<IReadOnlyDictionary<string, long>>(
            async (database, ct) =>
            {
                var groups = await database.Inbox.Aggregate()
                    .AppendStage<BsonDocument>(new BsonDocument("$group", new BsonDocument
                    {
                        { Fields.Id, Expressions.Text(Fields.Status) }, { "count", new BsonDocument("$sum", 1) },
                    }))
                    .ToListAsync(ct);
                return groups.ToDictionary(group => group[Fields.Id].AsString, group => group["count"].ToInt64(), StringComparer.Ordinal);
            },
            cancellationToken);

    private Task<(int Deleted, int Found)> DeleteAsync(
        string status, string since, TimeSpan retention, int pageSize, CancellationToken cancellationToken) => _calls.RunAsync(
            async (database, ct) =>
            {
                var old = new BsonDocument
                {
                    { Fields.Status, status },
                    { since, new BsonDocument("$type", "date") },
                    { "$expr", new BsonDocument("$lt", new BsonArray { $"${since}", Expressions.Before(retention) }) },
                };
                var found = await database.Inbox.Find(old).Sort(new BsonDocument(since, 1)).Limit(pageSize)
                    .Project<BsonDocument>(new BsonDocument(Fields.Id, 1)).ReadAsync(ct);
                if (found.Count == 0)
                {
                    return (0, 0);
                }

                // What was claimed since it was found is no longer so.
                old[Fields.Id] = Expressions.IsIn(found.Select(record => record[Fields.Id]));
                return ((int)(await database.Inbox.DeleteManyAsync(old, ct)).DeletedCount, found.Count);
            },
            cancellationToken);

    private static BsonDocument Unchanged(BsonDocument record, BsonDocument stale) => new BsonDocument
    {
        { Fields.Id, record[Fields.Id] }, { Fields.ClaimToken, record.GetValue(Fields.ClaimToken, BsonNull.Value) },
    }.Merge(stale);

    // Without its token the late handler's commit cannot hold, whenever it comes.
    private static BsonDocument Failed() => new()
    {
        {
            "$set", new BsonDocument
            {
                { Fields.Status, InboxStatusText.Failed },
                { Fields.ErrorCode, ErrorCodes.LeaseExpired },
                { Fields.ErrorMessage, InboxRecord.LeaseExpired },
            }
        },
        { "$currentDate", new BsonDocument(Fields.FailedAt, true) },
        { "$unset", new BsonDocument { { Fields.LeaseUntil, "" }, { Fields.ClaimToken, "" } } },
    };
}
