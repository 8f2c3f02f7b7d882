using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Diagnostics;
using Relaybox.Inbox;

namespace Relaybox.MongoDb;

// How handling ends: a write holds only while the record is being processed under the claim's own token.
internal sealed partial class MongoInboxRepository
{
    /// <inheritdoc />
    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return _calls.RunAsync(
            async (database, ct) =>
            {
                if (!await database.Inbox.Find(InboxDocument.Held(claim)).AnyAsync(ct))
                {
                    return false;
                }

                await database.Leases.UpdateOneAsync(
                    new BsonDocument(Fields.Id, InboxDocument.IdOf(claim.Key)),
                    new PipelineUpdateDefinition<BsonDocument>(new[]
                    {
                        new BsonDocument("$set", new BsonDocument
                        {
                            { Fields.ClaimToken, claim.Token }, { Fields.LeaseUntil, Expressions.After(lease) },
                        }),
                    }),
                    new UpdateOptions { IsUpsert = true },
                    ct);
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);

        // Counted once, however often the call is repeated.
        var begins = Expressions.If(new BsonDocument("$ne", new BsonArray { $"${Fields.BegunToken}", claim.Token }), 1, 0);
        var start = new PipelineUpdateDefinition<BsonDocument>(new[]
        {
            new BsonDocument("$set", new BsonDocument
            {
                { Fields.LeaseUntil, Expressions.After(lease) },
                { Fields.BegunToken, claim.Token },
                { Fields.Deliveries, new BsonDocument("$add", new BsonArray { Expressions.Count(Fields.Deliveries), begins }) },
                { Fields.Unfinished, new BsonDocument("$add", new BsonArray { Expressions.Count(Fields.Unfinished), begins }) },
            }),
        });
        return _calls.RunAsync(
            async (database, ct) => (await database.Inbox.UpdateOneAsync(InboxDocument.Held(claim), start, cancellationToken: ct)).MatchedCount == 1,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        WriteAsync(claim, InboxDocument.Processed(), InboxStatus.Processed, cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<bool>> TryMarkProcessedAsync(IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claims);
        return claims.Count == 0
            ? Task.FromResult<IReadOnlyList<bool>>([])
            : _calls.RunAsync<IReadOnlyList<bool>>(
                async (database, ct) =>
                {
                    var result = await database.Inbox.UpdateManyAsync(
                        InboxDocument.Held(claims), InboxDocument.Processed(), cancellationToken: ct);
                    if (result.ModifiedCount == claims.Count)
                    {
                        return [.. claims.Select(_ => true)];
                    }

                    var marked = await database.Inbox
                        .Find(IsIn(claims.Select(claim => claim.Key)).Merge(new BsonDocument(Fields.Status, InboxStatusText.Processed)))
                        .Project<BsonDocument>(new BsonDocument(Fields.ClaimToken, 1)).ReadAsync(ct);
                    var tokens = marked.ToDictionary(InboxDocument.KeyOf, record => record.Text(Fields.ClaimToken));
                    return [.. claims.Select(claim => tokens.TryGetValue(claim.Key, out var token) && token == claim.Token)];
                },
                cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return WriteAsync(
            claim,
            new BsonDocument
            {
                {
                    "$set", new BsonDocument
                    {
                        { Fields.Status, InboxStatusText.Failed },
                        { Fields.Deliveries, deliveries },
                        { Fields.Unfinished, claim.Unfinished },
                        { Fields.ErrorCode, errorCode },
                        { Fields.ErrorMessage, ErrorText.Bound(errorMessage) },
                    }
                },
                { "$currentDate", new BsonDocument(Fields.FailedAt, true) },
                { "$unset", new BsonDocument(Fields.LeaseUntil, "") },
            },
            InboxStatus.Failed,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task GiveAttemptsBackAsync(InboxKey key, CancellationToken cancellationToken) => _calls.RunAsync(
        (database, ct) => database.Inbox.UpdateOneAsync(
            new BsonDocument { { Fields.Id, InboxDocument.IdOf(key) }, { Fields.Status, InboxStatusText.Failed } },
            new BsonDocument
            {
                { "$set", new BsonDocument { { Fields.Deliveries, 0 }, { Fields.Unfinished, 0 } } },
                { "$unset", new BsonDocument(Fields.BegunToken, "") },
            },
            cancellationToken: ct),
        cancellationToken);

    /// <summary>
    /// What became of a claim's record, once nobody is writing it any more: the write that asks waits for a transaction that has the
    /// record.
    /// </summary>
    /// <returns>Its status, or null where the claim is no longer the record's last.</returns>
    internal Task<InboxStatus?> ReadOwnAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, ct) =>
            {
                await database.Inbox.UpdateOneAsync(
                    InboxDocument.Held(claim), new BsonDocument("$currentDate", new BsonDocument(Fields.ClaimedAt, true)), cancellationToken: ct);
                return await FindOwnAsync(database, claim, ct);
            },
            cancellationToken);

    private Task<bool> WriteAsync(InboxClaim.Claimed claim, BsonDocument update, InboxStatus status, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return _calls.RunAsync(
            async (database, ct) =>
                (await database.Inbox.UpdateOneAsync(InboxDocument.Held(claim), update, cancellationToken: ct)).MatchedCount == 1

                // Our own earlier write, whose answer was lost.
                || await FindOwnAsync(database, claim, ct) == status,
            cancellationToken);
    }

    private static async Task<InboxStatus?> FindOwnAsync(MongoCollections database, InboxClaim.Claimed claim, CancellationToken cancellationToken)
    {
        var record = await database.Inbox
            .Find(new BsonDocument { { Fields.Id, InboxDocument.IdOf(claim.Key) }, { Fields.ClaimToken, claim.Token } })
            .Project<BsonDocument>(new BsonDocument(Fields.Status, 1)).FirstOrDefaultAsync(cancellationToken);
        return record is null ? null : InboxStatusText.Parse(record.Text(Fields.Status));
    }
}
