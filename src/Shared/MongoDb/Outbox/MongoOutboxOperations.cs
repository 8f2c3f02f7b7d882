using System.Globalization;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>What operators need of an outbox in MongoDB. The server's clock decides.</summary>
/// <param name="connections">The database.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of jitter.</param>
internal sealed class MongoOutboxOperations(MongoConnections connections, TimeProvider time, IEntropy entropy) : IOutboxOperations
{
    private readonly MongoCalls _calls = connections.Calls(time, entropy);

    /// <inheritdoc />
    public Task<RowPage> ReadAsync(
        OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var (text, field) = status == OutboxStatus.Sent ? (OutboxStatusText.Sent, Fields.SentAt) : (OutboxStatusText.Failed, Fields.FailedAt);
        var after = ReadCursor(cursor, field, since);
        return _calls.RunAsync(
            async (database, ct) =>
            {
                var found = await database.Outbox
                    .Find(new BsonDocument(Fields.Status, text).Merge(after))
                    .Sort(new BsonDocument { { field, 1 }, { Fields.Id, 1 } }).Limit(limit)
                    .Project<BsonDocument>(OutboxProjection.Listed()).ReadAsync(ct);
                List<OutboxRow> rows = [.. found.Select(OutboxDocument.ToRow)];
                return new RowPage(rows, rows.Count == limit ? CursorAfter(rows[^1]) : null, await database.ReadTimeAsync(ct));
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<ActionOutcome> ApplyAsync(RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var tries = new ActionTries(action, rows);
        return _calls.RunAsync(
            (database, attempt, ct) => tries.RunAsync(attempt, row => ApplyAsync(database, action, row, ct)), cancellationToken);
    }

    /// <inheritdoc />
    public Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Event.OrderingKey is not { } key ? Task.FromResult<string?>(null) : _calls.RunAsync(
            async (database, ct) =>
            {
                var place = await database.Outbox.Find(new BsonDocument(Fields.Id, row.Event.EventId))
                    .Project<BsonDocument>(new BsonDocument { { Fields.OrderingKey, 1 }, { Fields.OrderNumber, 1 } }).FirstOrDefaultAsync(ct);
                return place is not null && OutboxDocument.NumberOf(place) is { } number
                    ? await OutboxOrder.FindFirstHolderAsync(database, key, number, ct)
                    : null;
            },
            cancellationToken);
    }

    private static async Task<bool> ApplyAsync(MongoCollections database, RowAction action, RowVersion row, CancellationToken cancellationToken)
    {
        var version = new BsonDocument
        {
            { Fields.Id, row.EventId }, { Fields.Status, OutboxStatusText.Failed },
            { Fields.FailedAt, Date(row.FailedAt) }, { Fields.ShelvedAt, Date(row.ShelvedAt) },
        };
        switch (action)
        {
            case RowAction.Redrive:
                return await UpdateAsync(new BsonDocument[]
                {
                    new("$set", new BsonDocument
                    {
                        { Fields.Status, OutboxStatusText.Pending },
                        { Fields.Attempts, 0 },
                        {
                            Fields.AvailableAt, Expressions.If(
                                new BsonDocument("$gt", new BsonArray { $"${Fields.AvailableAt}", Expressions.Now }),
                                Expressions.Now,
                                $"${Fields.AvailableAt}")
                        },
                    }),
                    new("$unset", new BsonArray { Fields.FailedAt, Fields.SkippedAt, Fields.ShelvedAt, Fields.Unfinished }),
                });
            case RowAction.Skip:
                version[Fields.OrderingKey] = new BsonDocument("$ne", BsonNull.Value);
                version[Fields.SkippedAt] = BsonNull.Value;
                var skipped = await UpdateAsync(SetNow(Fields.SkippedAt));
                await OutboxOrder.ReleaseAsync(database, [row.EventId], cancellationToken);
                return skipped;
            case RowAction.Shelve:
                return await UpdateAsync(SetNow(Fields.ShelvedAt));
            case RowAction.Unshelve:
                return await UpdateAsync([new("$unset", Fields.ShelvedAt)]);
            default:
                version["$or"] = new BsonArray
                {
                    new BsonDocument(Fields.OrderingKey, BsonNull.Value),
                    new BsonDocument(Fields.SkippedAt, new BsonDocument("$ne", BsonNull.Value)),
                };
                return (await database.Outbox.DeleteOneAsync(version, cancellationToken)).DeletedCount == 1;
        }

        async Task<bool> UpdateAsync(BsonDocument[] stages) =>
            (await database.Outbox.UpdateOneAsync(
                version, new PipelineUpdateDefinition<BsonDocument>(stages), cancellationToken: cancellationToken)).ModifiedCount == 1;
    }

    private static BsonDocument[] SetNow(string field) => [new("$set", new BsonDocument(field, Expressions.Now))];

    private static BsonValue Date(DateTimeOffset? time) => time is { } at ? new BsonDateTime(at.ToUnixTimeMilliseconds()) : BsonNull.Value;

    private static string CursorAfter(OutboxRow row) =>
        string.Create(CultureInfo.InvariantCulture, $"{RowPage.TimeOf(row)?.ToUnixTimeMilliseconds()} {row.Event.EventId}");

    private static BsonDocument ReadCursor(string? cursor, string field, DateTimeOffset? since)
    {
        if (cursor?.Split(' ', 2) is not [var milliseconds, var eventId])
        {
            return since is null ? [] : new BsonDocument(field, new BsonDocument("$gte", Date(since)));
        }

        var at = new BsonDateTime(long.Parse(milliseconds, CultureInfo.InvariantCulture));
        return new BsonDocument("$or", new BsonArray
        {
            new BsonDocument(field, new BsonDocument("$gt", at)),
            new BsonDocument { { field, at }, { Fields.Id, new BsonDocument("$gt", eventId) } },
        });
    }
}
