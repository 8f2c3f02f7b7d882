using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Outbox;

namespace Relaybox.MongoDb;

// Claiming: rows are found without being held, then exactly these are taken where they are still as they were found, and the token
// tells which of them were got.
internal sealed partial class MongoOutboxRepository
{
    private const int WindowsOfAClaim = 8;

    // Claims that look for ended leases, and for rows with a time before those without, also where there are enough others.
    private const int LooksForOthers = 8;

    private static readonly BsonDocument IsDue = new BsonDocument
    {
        { Fields.Status, OutboxStatusText.Pending }, { Fields.Id, new BsonDocument("$gte", "") },
    }.Merge(Expressions.Due(Fields.AvailableAt));

    private static readonly BsonDocument IsDueAndTimed =
        IsDue.DeepClone().AsBsonDocument.Merge(new BsonDocument(Fields.AvailableAt, new BsonDocument("$type", "date")));

    private static readonly BsonDocument IsEnded = new BsonDocument
    {
        { Fields.Status, OutboxStatusText.Publishing }, { Fields.Id, new BsonDocument("$gte", "") },
    }.Merge(Expressions.Due(Fields.LeaseUntil));

    private static readonly BsonDocument ByAvailableAt = new() { { Fields.AvailableAt, 1 }, { Fields.Id, 1 } };
    private static readonly BsonDocument ByLeaseUntil = new() { { Fields.LeaseUntil, 1 }, { Fields.Id, 1 } };

    private int _claimCount;

    // The last claim found less than it could take.
    private volatile bool _isNearlyEmpty;

    /// <inheritdoc />
    public Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        limit.Require();
        var turn = Interlocked.Increment(ref _claimCount);
        return ClaimRounds.RunAsync(
            limit,
            _entropy,
            skip => _calls.RunAsync((database, ct) => ChooseAsync(database, limit, turn, skip, ct), cancellationToken),
            chosen => TakeAsync(chosen, limit, lease, cancellationToken));
    }

    /// <inheritdoc />
    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var limit = (ClaimLimit)1;
        var token = NewToken();
        return _calls.RunAsync(
            async (database, ct) =>
            {
                var found = await FindOneAsync(database, eventId, ct);
                if (found?.Text(Fields.OrderingKey) is { } key && OutboxDocument.NumberOf(found) is { } number
                    && (await OutboxOrder.FindHeldAsync(database, [(key, number)], ct)).Count > 0)
                {
                    return null;
                }

                var claimable = new BsonDocument
                {
                    { Fields.Id, eventId },
                    {
                        "$or", new BsonArray { IsPending(), IsEndedNow }
                    },
                };
                await database.Outbox.UpdateOneAsync(claimable, Claim(token, lease), cancellationToken: ct);
                return (await FindClaimedAsync(database, [eventId], token, limit, ct)).SingleOrDefault();
            },
            cancellationToken);
    }

    private async Task<List<Candidate>> ChooseAsync(
        MongoCollections database, ClaimLimit limit, int turn, int skip, CancellationToken cancellationToken)
    {
        var lines = new OutboxLines();
        var window = Math.Max(limit.Rows, 2);
        var looksForOthers = turn % LooksForOthers == 0;
        if (looksForOthers)
        {
            // Rows without a time come first in the index. Those with one must not wait for as long as there are others.
            lines.Add(await FindAsync(IsDueAndTimed, ByAvailableAt, skip, window / 2));
        }

        var isWhole = false;
        Task<List<Candidate>>? ended = null;
        for (var i = 0; i < WindowsOfAClaim && !isWhole && lines.Count < (limit.Rows + 1) / 2; i++)
        {
            var due = FindAsync(IsDue, ByAvailableAt, skip + (i * window), window, isRead: i == 0);
            if (i == 0 && _isNearlyEmpty)
            {
                // This claim is likely to have room as well, and a row that has just been written should not wait for two answers.
                ended = FindAsync(IsEnded, ByLeaseUntil, skip, window);
                await Task.WhenAll(due, ended);
            }

            var found = await due;
            lines.Add(found);
            isWhole = found.Count < window;
        }

        _isNearlyEmpty = isWhole;
        if (isWhole || looksForOthers || ended is not null)
        {
            lines.Add(await (ended ?? FindAsync(IsEnded, ByLeaseUntil, skip, window)));
        }

        // A relay that ended between its mark and the release of what waits has left that to others.
        if ((looksForOthers || (isWhole && lines.Count == 0))
            && await OutboxOrder.ReleaseForgottenAsync(database, limit.Rows, cancellationToken) > 0)
        {
            lines.Add(await FindAsync(IsDue, ByAvailableAt, skip, window));
        }

        await KeepOrderAsync(database, lines, cancellationToken);
        lines.Add(await FindWaitingAsync(lines));
        return lines.Choose(limit, turn);

        // What waits for a row that is claimed now can be claimed with it.
        async Task<List<Candidate>> FindWaitingAsync(OutboxLines found)
        {
            var places = found.Followed().Select(row => OutboxOrder.PlacesAfter(row.Last.Key!, row.Last.Number, row.Room)).ToList();
            return places.Count == 0
                ? []
                : await FindAsync(
                    new BsonDocument { { "$or", new BsonArray(places) }, { Fields.Status, OutboxDocument.Waiting } }
                        .Merge(Expressions.Due(Fields.AvailableAt)),
                    new BsonDocument { { Fields.OrderingKey, 1 }, { Fields.OrderNumber, 1 } },
                    from: 0,
                    count: window,
                    isRead: false);
        }

        // So few bytes of each row that all rows together fit. The payload of a larger one is read once it is claimed.
        async Task<List<Candidate>> FindAsync(BsonDocument filter, BsonDocument sort, int from, int count, bool isRead = true) =>
            (await database.Outbox.Find(filter).Sort(sort).Skip(from).Limit(count)
                .Project<BsonDocument>(OutboxProjection.Of(isRead ? limit.Bytes / (2 * window) : -1)).ReadAsync(cancellationToken))
            .ConvertAll(document => new Candidate(document, ReferenceEquals(filter, IsEnded)));
    }

    // Takes out what an earlier row holds back, and lets it wait, with what no claim can take at once.
    private static async Task KeepOrderAsync(MongoCollections database, OutboxLines lines, CancellationToken cancellationToken)
    {
        var held = await OutboxOrder.FindHeldAsync(database, [.. lines.Heads().Select(head => (head.Key!, head.Number))], cancellationToken);
        var waiting = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (key, eventId) in held)
        {
            waiting[eventId] = [.. lines.Remove(key).Select(candidate => candidate.EventId)];
        }

        foreach (var (last, rest) in lines.Rests())
        {
            waiting[last.EventId] = [.. rest.Select(candidate => candidate.EventId)];
        }

        await OutboxOrder.WaitAsync(database, waiting, cancellationToken);
    }

    private Task<List<OutboxClaim>> TakeAsync(List<Candidate> chosen, ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        // One token for all tries: what was claimed by a try whose answer was lost is ours.
        var token = NewToken();
        return _calls.RunAsync(
            async (database, attempt, ct) =>
            {
                string[] eventIds = [.. chosen.Select(candidate => candidate.EventId)];
                var result = await database.Outbox.UpdateManyAsync(
                    new BsonDocument { { Fields.Id, Expressions.IsIn(eventIds) }, { "$or", new BsonArray { IsDueNow, IsEndedNow } } },
                    Claim(token, lease),
                    cancellationToken: ct);
                if (attempt == 1 && result.ModifiedCount == 0)
                {
                    return [];
                }

                var claims = attempt == 1 && result.ModifiedCount == eventIds.Length && !chosen.Exists(candidate => IsUnread(candidate, limit))
                    ? chosen.ConvertAll(candidate => OutboxDocument.ReadClaim(candidate.Document, token, limit, candidate.Unfinished))
                    : await FindClaimedAsync(database, eventIds, token, limit, ct);
                return await InOrderAsync(database, claims, chosen, ct);
            },
            cancellationToken);
    }

    // The conditions of the finds once more, for exactly these rows.
    private static BsonDocument IsDueNow { get; } =
        IsPending().Merge(Expressions.Due(Fields.AvailableAt));

    private static BsonDocument IsEndedNow { get; } =
        new BsonDocument(Fields.Status, OutboxStatusText.Publishing).Merge(Expressions.Due(Fields.LeaseUntil));

    private static bool IsUnread(Candidate candidate, ClaimLimit limit) =>
        OutboxProjection.IsCut(candidate.Document)
        && OutboxClaim.CheckWeight(limit, candidate.Bytes, candidate.Unfinished) is null;

    private static PipelineUpdateDefinition<BsonDocument> Claim(string token, TimeSpan lease) =>
        new(new[]
        {
            new BsonDocument("$set", new BsonDocument
            {
                { Fields.Status, OutboxStatusText.Publishing },
                { Fields.ClaimToken, token },
                { Fields.ClaimedAt, Expressions.Now },
                { Fields.LeaseUntil, Expressions.After(lease) },
                { Fields.Unfinished, new BsonDocument("$add", new BsonArray { Expressions.Count(Fields.Unfinished), 1 }) },
            }),
        });

    private static async Task<List<OutboxClaim>> FindClaimedAsync(
        MongoCollections database, string[] eventIds, string token, ClaimLimit limit, CancellationToken cancellationToken)
    {
        var found = await database.Outbox
            .Find(new BsonDocument
            {
                { Fields.Id, Expressions.IsIn(eventIds) }, { Fields.ClaimToken, token }, { Fields.Status, OutboxStatusText.Publishing },
            })
            .Project<BsonDocument>(OutboxProjection.Of(limit.Bytes)).ReadAsync(cancellationToken);
        return found.ConvertAll(document => OutboxDocument.ReadClaim(document, token, limit, Math.Max(0, document.Count(Fields.Unfinished) - 1)));
    }

    /// <summary>
    /// The claims in the order of their rows. Where somebody else got a row in the middle of a key, the rows behind it are given back.
    /// </summary>
    private static async Task<List<OutboxClaim>> InOrderAsync(
        MongoCollections database, List<OutboxClaim> claims, List<Candidate> chosen, CancellationToken cancellationToken)
    {
        var got = claims.ToDictionary(claim => claim.EventId, StringComparer.Ordinal);
        var kept = new List<OutboxClaim>(claims.Count);
        var lost = new HashSet<string>(StringComparer.Ordinal);
        var givenBack = new List<OutboxClaim>();
        foreach (var candidate in chosen.OrderBy(candidate => candidate.Number))
        {
            if (!got.TryGetValue(candidate.EventId, out var claim))
            {
                lost.Add(candidate.Key ?? "");
            }
            else
            {
                (candidate.Key is { } key && lost.Contains(key) ? givenBack : kept).Add(claim);
            }
        }

        if (givenBack.Count > 0)
        {
            await database.Outbox.UpdateManyAsync(
                new BsonDocument
                {
                    { Fields.Id, Expressions.IsIn(givenBack.Select(claim => claim.EventId)) },
                    { Fields.ClaimToken, givenBack[0].Token.Value },
                    { Fields.Status, OutboxStatusText.Publishing },
                },
                new BsonDocument
                {
                    { "$set", new BsonDocument(Fields.Status, OutboxStatusText.Pending) },
                    { "$unset", new BsonDocument { { Fields.ClaimToken, "" }, { Fields.ClaimedAt, "" }, { Fields.LeaseUntil, "" } } },
                    { "$inc", new BsonDocument(Fields.Unfinished, -1) },
                },
                cancellationToken: cancellationToken);
        }

        return kept;
    }
}
