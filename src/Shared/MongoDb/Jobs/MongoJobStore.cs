using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Maintenance;
using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>Jobs in a MongoDB collection: one document each, changed only under its token. The server's clock decides.</summary>
/// <param name="connections">The database.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of tokens and jitter.</param>
internal sealed class MongoJobStore(MongoConnections connections, TimeProvider time, IEntropy entropy) : IJobStore
{
    private readonly MongoCalls _calls = connections.Calls(time, entropy);

    /// <inheritdoc />
    public Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken)
    {
        // One token for all tries: a claim whose answer was lost is ours.
        var token = entropy.NewGuid().ToString("N");
        return _calls.RunAsync(
            async (database, ct) =>
            {
                try
                {
                    var held = await database.Jobs.FindOneAndUpdateAsync(
                        new BsonDocument
                        {
                            { Fields.Id, job },
                            { "$or", new BsonArray { Expressions.Due(Fields.LeaseUntil), new BsonDocument(Fields.ClaimToken, token) } },
                        },
                        new PipelineUpdateDefinition<BsonDocument>(new[]
                        {
                            new BsonDocument("$set", new BsonDocument
                            {
                                { Fields.ClaimToken, token }, { Fields.LeaseUntil, Expressions.After(lease) },
                            }),
                        }),
                        new FindOneAndUpdateOptions<BsonDocument> { IsUpsert = true, ReturnDocument = ReturnDocument.After },
                        ct);
                    return new JobLease(job, token, held.Text(Fields.Cursor));
                }
                catch (MongoCommandException e) when (e.Code == MongoFaults.DuplicateKey)
                {
                    // Somebody else holds it: it did not match, and its id is there.
                    return null;
                }
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> SaveAsync(JobLease lease, string? cursor, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        var save = new PipelineUpdateDefinition<BsonDocument>(new[]
        {
            new BsonDocument("$set", new BsonDocument
            {
                { Fields.Cursor, cursor is null ? BsonNull.Value : Expressions.Literal(cursor) }, { Fields.LeaseUntil, Expressions.After(duration) },
            }),
        });
        return _calls.RunAsync(
            async (database, ct) => (await database.Jobs.UpdateOneAsync(
                new BsonDocument { { Fields.Id, lease.Job }, { Fields.ClaimToken, lease.Token } }, save, cancellationToken: ct)).MatchedCount == 1,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> DeleteAsync(JobLease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return _calls.RunAsync(
            async (database, ct) => (await database.Jobs.DeleteOneAsync(
                new BsonDocument { { Fields.Id, lease.Job }, { Fields.ClaimToken, lease.Token } }, ct)).DeletedCount == 1,
            cancellationToken);
    }

    /// <inheritdoc />
    public async Task<JobRecord?> FindAsync(string job, CancellationToken cancellationToken) =>
        (await ReadAsync(job, cancellationToken)).SingleOrDefault();

    /// <inheritdoc />
    public async Task<IReadOnlyList<JobRecord>> ListAsync(string prefix, CancellationToken cancellationToken) =>
        await ReadAsync(new BsonDocument { { "$gte", prefix }, { "$lt", prefix + "\uffff" } }, cancellationToken);

    private Task<List<JobRecord>> ReadAsync(BsonValue name, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async (database, ct) => (await database.Jobs.Find(new BsonDocument(Fields.Id, name)).ReadAsync(ct))
                .ConvertAll(job => new JobRecord(job[Fields.Id].AsString, job.Text(Fields.Cursor))),
            cancellationToken);
}
