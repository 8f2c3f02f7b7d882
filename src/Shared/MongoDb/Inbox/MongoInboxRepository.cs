using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Operations;
using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>
/// The inbox in a MongoDB collection: one command claims a whole batch, one fenced update completes a claim, alone or in the
/// transaction of what the handler wrote. The server's clock decides.
/// </summary>
/// <remarks>
/// A lease is renewed in a document of its own. A handler's transaction writes the record when it marks it, and the server refuses a
/// write of what was changed after the transaction began: each renewal would end the transaction of the handler that it is for.
/// </remarks>
/// <param name="connections">The database.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of claim tokens and jitter.</param>
internal sealed partial class MongoInboxRepository(MongoConnections connections, TimeProvider time, IEntropy entropy)
    : IInboxRepository, IInboxOperations, IExplainsFailures
{
    private const int MaxRounds = 10;

    private readonly MongoCalls _calls = connections.Calls(time, entropy);

    /// <inheritdoc />
    public async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var batch = new InboxClaimBatch(consumer, messages, entropy);

        // The claims whose leases have ended, by the tokens that they had when that was seen.
        var ended = new Dictionary<InboxKey, string?>();
        for (var round = 1; !batch.IsDone; round++)
        {
            var isLast = round == MaxRounds;
            await _calls.RunAsync(
                async (database, ct) =>
                {
                    await TakeAsync(database, batch, ended, lease, maxAttempts, ct);
                    if (!batch.IsDone)
                    {
                        await ReadRefusedAsync(database, batch, ended, maxAttempts, isLast, ct);
                    }

                    return batch.IsDone;
                },
                cancellationToken);
        }

        return batch.Claims;
    }

    /// <inheritdoc />
    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new MongoInboxTransaction(connections, this, claim, time, entropy));

    /// <inheritdoc />
    public Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, ct) =>
            {
                var id = new BsonDocument(Fields.Id, InboxDocument.IdOf(key));
                var record = await database.Inbox.Find(id).FirstOrDefaultAsync(ct);
                return record is null
                    ? null
                    : InboxDocument.ToRecord(record, (await FindRenewedAsync(database, [record], ct)).GetValueOrDefault(key));
            },
            cancellationToken);

    /// <inheritdoc />
    public bool IsOutage(Exception exception) =>
        MongoFaults.IsOfServer(exception)
        || (MongoFaults.HasLabel(exception, MongoFaults.TransientTransaction) && !MemoryFault.IsIn(exception));

    StoreFailedException? IExplainsFailures.Explain(Exception exception) => connections.Explain(exception);

    private static async Task TakeAsync(
        MongoCollections database,
        InboxClaimBatch batch,
        Dictionary<InboxKey, string?> ended,
        TimeSpan lease,
        int maxAttempts,
        CancellationToken cancellationToken)
    {
        var open = batch.Open();
        var models = open.ConvertAll(of => new UpdateOneModel<BsonDocument>(
            Claimable(of.Key, of.Message, ended, maxAttempts), Claim(of.Message, of.Token, lease))
        {
            IsUpsert = true,
        });
        IReadOnlyList<BulkWriteUpsert> created;
        try
        {
            created = (await database.Inbox.BulkWriteAsync(models, new BulkWriteOptions { IsOrdered = false }, cancellationToken)).Upserts;
        }
        catch (MongoBulkWriteException<BsonDocument> e)
            when (e.WriteConcernError is null && e.WriteErrors.All(error => error.Code == MongoFaults.DuplicateKey))
        {
            // These have a record that cannot be claimed by this.
            created = e.Result.Upserts;
        }

        foreach (var upsert in created)
        {
            batch.Claimed(open[upsert.Index].Key, deliveries: 1, unfinished: 0);
        }
    }

    // What is not claimable does not match, so that the upsert meets the record's id and is refused.
    private static BsonDocument Claimable(InboxKey key, InboxMessage message, Dictionary<InboxKey, string?> ended, int maxAttempts)
    {
        var states = new BsonArray
        {
            new BsonDocument(Fields.Status, InboxStatusText.Failed),
            new BsonDocument { { Fields.Status, InboxStatusText.Processing }, { Fields.LeaseUntil, BsonNull.Value } },
        };
        if (ended.TryGetValue(key, out var token))
        {
            states.Add(new BsonDocument
            {
                { Fields.Status, InboxStatusText.Processing }, { Fields.ClaimToken, (BsonValue?)token ?? BsonNull.Value },
            }.Merge(Expressions.Due(Fields.LeaseUntil)));
        }

        return new BsonDocument
        {
            { Fields.Id, InboxDocument.IdOf(key) },
            { Fields.Deliveries, new BsonDocument("$not", new BsonDocument("$gte", maxAttempts)) },
            { Fields.Unfinished, new BsonDocument("$not", new BsonDocument("$gte", InboxClaim.MaxUnfinished)) },
            { Fields.PayloadHash, new BsonDocument("$in", new BsonArray { BsonNull.Value, new BsonBinaryData(message.PayloadHash.ToArray()) }) },
            { "$or", states },
        };
    }

    private static PipelineUpdateDefinition<BsonDocument> Claim(InboxMessage message, string token, TimeSpan lease)
    {
        var begins = new BsonDocument("$eq", new BsonArray { Expressions.Count(Fields.Unfinished), 0 });
        var set = new BsonDocument
        {
            { Fields.Status, InboxStatusText.Processing },
            { Fields.Deliveries, new BsonDocument("$add", new BsonArray { Expressions.Count(Fields.Deliveries), Expressions.If(begins, 1, 0) }) },
            { Fields.Unfinished, new BsonDocument("$max", new BsonArray { Expressions.Count(Fields.Unfinished), 1 }) },
            { Fields.BegunToken, Expressions.If(begins, token, $"${Fields.BegunToken}") },
            { Fields.Subject, Expressions.Literal(message.Event.Subject) },
            { Fields.PayloadHash, new BsonBinaryData(message.PayloadHash.ToArray()) },
            { Fields.ClaimToken, token },
            { Fields.ReceivedAt, new BsonDocument("$ifNull", new BsonArray { $"${Fields.ReceivedAt}", Expressions.Now }) },
            { Fields.ClaimedAt, Expressions.Now },
            { Fields.LeaseUntil, Expressions.After(lease) },
        };
        if (message.Stream is { } stream)
        {
            set[Fields.Stream] = Expressions.Literal(stream);
            set[Fields.StreamSequence] = message.StreamSequence is { } sequence ? sequence : BsonNull.Value;
        }

        return new PipelineUpdateDefinition<BsonDocument>(new[] { new BsonDocument("$set", set) });
    }

    private async Task ReadRefusedAsync(
        MongoCollections database,
        InboxClaimBatch batch,
        Dictionary<InboxKey, string?> ended,
        int maxAttempts,
        bool isLast,
        CancellationToken cancellationToken)
    {
        var open = batch.Open();
        var found = await database.Inbox.Find(IsIn(open.Select(of => of.Key))).Project<BsonDocument>(WithNow()).ReadAsync(cancellationToken);
        var renewed = await FindRenewedAsync(database, found, cancellationToken);
        var records = found.ToDictionary(InboxDocument.KeyOf);
        foreach (var (key, _, _) in open)
        {
            if (!records.TryGetValue(key, out var document))
            {
                batch.Refused(key, null, time.GetUtcNow(), maxAttempts, isLast);
                continue;
            }

            var record = InboxDocument.ToRefused(document, renewed.TryGetValue(key, out var until) ? until : null);
            ended[key] = record.Token;
            batch.Refused(key, record, document.Time(NowField)!.Value, maxAttempts, isLast);
        }
    }

    private const string NowField = "now";

    // The record without texts that say nothing of its state, and the server's time.
    private static BsonDocument WithNow() => new()
    {
        { Fields.Status, 1 }, { Fields.Deliveries, 1 }, { Fields.Unfinished, 1 }, { Fields.ClaimToken, 1 }, { Fields.BegunToken, 1 },
        { Fields.PayloadHash, 1 }, { Fields.LeaseUntil, 1 }, { NowField, Expressions.Now },
    };

    private static BsonDocument IsIn(IEnumerable<InboxKey> keys) =>
        new(Fields.Id, Expressions.IsIn(keys.Select(InboxDocument.IdOf)));

    /// <summary>Until when leases were renewed, of records that are being processed.</summary>
    private static async Task<Dictionary<InboxKey, DateTimeOffset?>> FindRenewedAsync(
        MongoCollections database, IEnumerable<BsonDocument> records, CancellationToken cancellationToken)
    {
        var processing = records.Where(record => record.Text(Fields.Status) == InboxStatusText.Processing).ToDictionary(InboxDocument.KeyOf);
        if (processing.Count == 0)
        {
            return [];
        }

        var leases = await database.Leases.Find(IsIn(processing.Keys)).ReadAsync(cancellationToken);
        return leases
            .Where(lease => lease.Text(Fields.ClaimToken) is { } token
                && token == processing[InboxDocument.KeyOf(lease)].Text(Fields.ClaimToken))
            .ToDictionary(InboxDocument.KeyOf, lease => lease.Time(Fields.LeaseUntil));
    }
}
