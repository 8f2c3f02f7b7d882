using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Diagnostics;
using Relaybox.Outbox;

namespace Relaybox.MongoDb;

// Recording outcomes: one command a batch. A claimed row changes only under its token.
internal sealed partial class MongoOutboxRepository
{
    /// <inheritdoc />
    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(marks, mark => mark, _afterSending == AfterSending.Delete ? DeleteSentAsync : KeepSentAsync, cancellationToken);

    /// <inheritdoc />
    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(
            marks,
            mark => new OutboxMark(mark.EventId, mark.Token),
            (database, batch, _, ct) => UpdateEachAsync(
                database,
                batch.ConvertAll(mark => (new OutboxMark(mark.EventId, mark.Token), RetryUpdate(mark))),
                (mark, row) => row.Text(Fields.Status) is OutboxStatusText.Pending && row.Text(Fields.ReleasedToken) == mark.Token.Value,
                ct),
            cancellationToken);

    /// <inheritdoc />
    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(
            marks,
            mark => new OutboxMark(mark.EventId, mark.Token),
            (database, batch, _, ct) => UpdateEachAsync(
                database,
                batch.ConvertAll(mark => (new OutboxMark(mark.EventId, mark.Token), ParkUpdate(mark))),
                (mark, row) => row.Text(Fields.Status) is OutboxStatusText.Failed && row.Text(Fields.ReleasedToken) == mark.Token.Value,
                ct),
            cancellationToken);

    private async Task<MarkResult> MarkAsync<TMark>(
        IReadOnlyList<TMark> marks,
        Func<TMark, OutboxMark> nameOf,
        Func<MongoCollections, List<TMark>, int, CancellationToken, Task<HashSet<OutboxMark>>> apply,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(marks);
        var batch = marks.DistinctBy(nameOf).ToList();
        if (batch.Count == 0)
        {
            return MarkResult.Empty;
        }

        try
        {
            var held = await _calls.RunAsync((database, attempt, ct) => apply(database, batch, attempt, ct), cancellationToken);
            return new MarkResult(held.Count, [.. batch.Select(nameOf).Where(mark => !held.Contains(mark)).Select(mark => mark.EventId)], []);
        }
        catch (Exception e) when (MongoFaults.IsTransient(e) && !cancellationToken.IsCancellationRequested)
        {
            return new MarkResult(0, [], [.. batch.Select(mark => nameOf(mark).EventId)]) { Failure = MongoFaults.Name(e) };
        }
    }

    private static async Task<HashSet<OutboxMark>> KeepSentAsync(
        MongoCollections database, List<OutboxMark> marks, int attempt, CancellationToken cancellationToken)
    {
        // The row keeps the token that sent it, so that a repeated call recognizes its own work.
        var sent = new BsonDocument
        {
            { "$set", new BsonDocument { { Fields.Status, OutboxStatusText.Sent }, { Fields.Unfinished, 0 } } },
            { "$currentDate", new BsonDocument(Fields.SentAt, true) },
            { "$unset", Unset(Fields.ClaimedAt, Fields.LeaseUntil, Fields.ErrorCode, Fields.ErrorMessage) },
        };
        var result = await database.Outbox.BulkWriteAsync(
            [.. Groups(marks).Select(group => new UpdateManyModel<BsonDocument>(Held(group), sent))],
            new BulkWriteOptions { IsOrdered = false },
            cancellationToken);
        var held = result.ModifiedCount == marks.Count
            ? [.. marks]
            : await FindDoneAsync(
                database,
                marks,
                (mark, row) => row.Text(Fields.Status) is OutboxStatusText.Sent
                    && (mark.Token.IsNone || row.Text(Fields.ClaimToken) == mark.Token.Value),
                cancellationToken);
        await ReleaseFollowersAsync(database, held, cancellationToken);
        return held;
    }

    // Recorded first and deleted then: a deletion says how many rows it got and not which, and would forget who waits for them.
    private static async Task<HashSet<OutboxMark>> DeleteSentAsync(
        MongoCollections database, List<OutboxMark> marks, int attempt, CancellationToken cancellationToken)
    {
        var held = await KeepSentAsync(database, marks, attempt, cancellationToken);
        if (held.Count > 0)
        {
            await database.Outbox.DeleteManyAsync(
                new BsonDocument { { Fields.Id, Expressions.IsIn(held.Select(mark => mark.EventId)) }, { Fields.Status, OutboxStatusText.Sent } },
                cancellationToken);
        }

        // That a row is gone speaks for the mark where an earlier try may have deleted it, or where nobody had claimed it.
        var others = marks.FindAll(mark => !held.Contains(mark) && (attempt > 1 || mark.Token.IsNone));
        if (others.Count > 0)
        {
            var left = await FindStatesAsync(database, others, cancellationToken);
            held.UnionWith(others.Where(mark => !left.ContainsKey(mark.EventId)));
        }

        return held;
    }

    // Rows without a key wait for nobody.
    private static async Task ReleaseFollowersAsync(MongoCollections database, HashSet<OutboxMark> marks, CancellationToken cancellationToken)
    {
        string[] keyed = [.. marks.Where(mark => mark.Token.RowKey != 0 || mark.Token.IsNone).Select(mark => mark.EventId)];
        if (keyed.Length > 0)
        {
            await OutboxOrder.ReleaseAsync(database, keyed, cancellationToken);
        }
    }

    private static async Task<HashSet<OutboxMark>> UpdateEachAsync(
        MongoCollections database,
        List<(OutboxMark Mark, PipelineUpdateDefinition<BsonDocument> Update)> marks,
        Func<OutboxMark, BsonDocument, bool> isDone,
        CancellationToken cancellationToken)
    {
        var result = await database.Outbox.BulkWriteAsync(
            [.. marks.Select(mark => new UpdateOneModel<BsonDocument>(Held([mark.Mark]), mark.Update))],
            new BulkWriteOptions { IsOrdered = false },
            cancellationToken);
        return result.ModifiedCount == marks.Count
            ? [.. marks.Select(mark => mark.Mark)]
            : await FindDoneAsync(
                database, marks.ConvertAll(mark => mark.Mark), (mark, row) => !mark.Token.IsNone && isDone(mark, row), cancellationToken);
    }

    private static PipelineUpdateDefinition<BsonDocument> RetryUpdate(RetryMark mark)
    {
        // Where nothing delays the row it is due as it was, and no later than now.
        var availableAt = mark.Delay > TimeSpan.Zero
            ? Expressions.After(mark.Delay)
            : Expressions.If(
                new BsonDocument("$lt", new BsonArray { $"${Fields.AvailableAt}", Expressions.Now }), $"${Fields.AvailableAt}", Expressions.Now);
        var set = new BsonDocument
        {
            { Fields.Status, OutboxStatusText.Pending },
            { Fields.Attempts, mark.Attempts },
            { Fields.Unfinished, 0 },
            { Fields.ReleasedToken, (BsonValue?)mark.Token.Value ?? Expressions.Remove },
            { Fields.AvailableAt, availableAt },
        };
        if (mark.ErrorCode is { } code)
        {
            set[Fields.ErrorCode] = code;
            set[Fields.ErrorMessage] = Expressions.Literal(ErrorText.Bound(mark.ErrorMessage));
        }

        return Stages(set, Fields.ClaimToken, Fields.ClaimedAt, Fields.LeaseUntil);
    }

    private static PipelineUpdateDefinition<BsonDocument> ParkUpdate(ParkMark mark) => Stages(
        new BsonDocument
        {
            { Fields.Status, OutboxStatusText.Failed },
            { Fields.FailedAt, Expressions.Now },
            { Fields.Attempts, mark.Attempts },
            { Fields.Unfinished, 0 },
            { Fields.ReleasedToken, (BsonValue?)mark.Token.Value ?? Expressions.Remove },
            { Fields.ErrorCode, mark.ErrorCode },
            { Fields.ErrorMessage, Expressions.Literal(ErrorText.Bound(mark.ErrorMessage)) },
        },
        Fields.ClaimToken, Fields.ClaimedAt, Fields.LeaseUntil, Fields.SkippedAt, Fields.ShelvedAt);

    private static PipelineUpdateDefinition<BsonDocument> Stages(BsonDocument set, params IEnumerable<string> unset) =>
        new(new[] { new BsonDocument("$set", set), new BsonDocument("$unset", new BsonArray(unset)) });

    private static BsonDocument Unset(params IEnumerable<string> fields) => new(fields.Select(field => new BsonElement(field, "")));

    private static IEnumerable<IReadOnlyList<OutboxMark>> Groups(IEnumerable<OutboxMark> marks) =>
        marks.GroupBy(mark => mark.Token.Value).Select(group => group.ToArray());

    // Without a token, the mark holds on a pending row.
    private static BsonDocument Held(IReadOnlyList<OutboxMark> marks)
    {
        var held = new BsonDocument(Fields.Id, Expressions.IsIn(marks.Select(mark => mark.EventId)));
        return marks[0].Token.Value is { } token
            ? held.Merge(new BsonDocument { { Fields.Status, OutboxStatusText.Publishing }, { Fields.ClaimToken, token } })
            : held.Merge(IsPending());
    }

    private static async Task<HashSet<OutboxMark>> FindDoneAsync(
        MongoCollections database, List<OutboxMark> marks, Func<OutboxMark, BsonDocument, bool> isDone, CancellationToken cancellationToken)
    {
        var rows = await FindStatesAsync(database, marks, cancellationToken);
        return [.. marks.Where(mark => rows.TryGetValue(mark.EventId, out var row) && isDone(mark, row))];
    }

    private static async Task<Dictionary<string, BsonDocument>> FindStatesAsync(
        MongoCollections database, List<OutboxMark> marks, CancellationToken cancellationToken)
    {
        var states = await database.Outbox.Find(new BsonDocument(Fields.Id, Expressions.IsIn(marks.Select(mark => mark.EventId))))
            .Project<BsonDocument>(new BsonDocument
            {
                { Fields.Status, 1 }, { Fields.ClaimToken, 1 }, { Fields.ReleasedToken, 1 }, { Fields.Followed, 1 },
            })
            .ReadAsync(cancellationToken);
        return states.ToDictionary(row => row[Fields.Id].AsString, StringComparer.Ordinal);
    }
}
