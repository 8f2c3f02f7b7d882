using System.Net;
using Microsoft.Extensions.Logging;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>
/// Makes the collections with their validators and indexes, puts counters right that are behind, and grants the roles where users are
/// named to whom. Running it twice, or at once, does no harm; what a run leaves unfinished the next one completes.
/// </summary>
internal sealed class MongoSetup(MongoConnections connections, MongoSetupOptions options, ILogger<MongoSetup> logger) : ISetupStep
{
    private const int NamespaceExists = 48;

    // MongoDB 5.0, whose functions DocumentDB 5 has in part.
    private const int LeastWireVersion = 13;

    /// <inheritdoc />
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await connections.UseUncheckedAsync(RunAsync, cancellationToken);
        }
        catch (MongoException e) when (MongoFaults.Codes(e).Contains(MongoFaults.Unauthorized))
        {
            throw new MongoSchemaException(
                "Setup's user may not make what Setup makes. Name one in DatabaseOwnerSecretArn that has readWrite and dbAdmin on the database and, "
                + "where Setup makes and grants roles, userAdmin (dbOwner has all three).",
                e);
        }
    }

    private async Task<int> RunAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        await CheckServerAsync(database, cancellationToken);
        await MongoSchema.RefuseNewerAsync(database, cancellationToken);
        var made = await CreateCollectionsAsync(database, cancellationToken);
        await RefuseShardedAsync(database, cancellationToken);
        await database.Outbox.Indexes.CreateManyAsync(MongoIndexes.Outbox, cancellationToken);
        await database.Keys.Indexes.CreateManyAsync(MongoIndexes.Keys, cancellationToken);
        await database.Inbox.Indexes.CreateManyAsync(MongoIndexes.Inbox, cancellationToken);
        await database.Leases.Indexes.CreateManyAsync(MongoIndexes.Leases, cancellationToken);
        if (await OutboxCounters.CatchUpAsync(database, cancellationToken) is > 0 and var repaired)
        {
            Log.CountersRepaired(logger, repaired);
            made += repaired;
        }

        if (options.Roles is { } roles)
        {
            made += await GrantAsync(database, roles, cancellationToken);
        }

        // Last: until it says so, the collections are not ready.
        await MongoSchema.SaveAsync(database, cancellationToken);
        Log.SetUp(logger, database.Database.DatabaseNamespace.DatabaseName, MongoSchema.Version);
        return made;
    }

    /// <exception cref="MongoSchemaException">The server is not one for the store.</exception>
    internal static async Task CheckServerAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        var hello = await database.Database.RunCommandAsync<BsonDocument>(new BsonDocument("hello", 1), cancellationToken: cancellationToken);
        if (!hello.Contains("setName") && hello.GetValue("msg", "") != "isdbgrid")
        {
            throw new MongoSchemaException(
                "The server is a standalone one, which has no transactions. Make it a replica set of one: start mongod with --replSet rs0, and call "
                + "rs.initiate() in mongosh once.");
        }

        if (hello.GetValue("maxWireVersion", 0).ToInt32() < LeastWireVersion)
        {
            throw new MongoSchemaException("The server is older than MongoDB 5.0. Use MongoDB 6.0 or newer.");
        }
    }

    // The index 'order' cannot be unique there, or the event ids would not be: docs/mongodb.md says why.
    private static async Task RefuseShardedAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        var name = database.Options.OutboxCollection;
        var stats = await database.Database.RunCommandAsync<BsonDocument>(new BsonDocument("collStats", name), cancellationToken: cancellationToken);
        if (stats.GetValue("sharded", false).ToBoolean())
        {
            throw new MongoSchemaException(
                $"The collection '{name}' is sharded, where the order of the ordering keys cannot be guarded by a unique index. "
                + "Unshard it, or give the outbox a database of its own (DatabaseName); the app's own collections may be sharded.");
        }
    }

    private async Task<int> GrantAsync(MongoCollections database, MongoRoles roles, CancellationToken cancellationToken)
    {
        try
        {
            return await roles.GrantAsync(database, options.EffectsCollection, cancellationToken);
        }
        catch (MongoCommandException e) when (MongoRoles.AreRefused(e, HostsOf(database)))
        {
            Log.RolesRefused(logger, MongoFaults.Name(e), string.Join(", ", roles.Names));
            return 0;
        }
    }

    private static IEnumerable<string> HostsOf(MongoCollections database) =>
        database.Client.Cluster.Description.Servers.Select(server => server.EndPoint).OfType<DnsEndPoint>().Select(endPoint => endPoint.Host);

    private async Task<int> CreateCollectionsAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        var made = 0;
        var names = options.EffectsCollection is { } effects ? [.. database.Options.Collections, effects] : database.Options.Collections;

        // From MongoDB 7.0 on it is no error to create what is there with the same options: it would be counted each time.
        var there = await (await database.Database.ListCollectionNamesAsync(cancellationToken: cancellationToken)).ToListAsync(cancellationToken);
        foreach (var name in names.Except(there, StringComparer.Ordinal))
        {
            try
            {
                await database.Database.CreateCollectionAsync(name, cancellationToken: cancellationToken);
                made++;
            }
            catch (MongoCommandException e) when (e.Code == NamespaceExists)
            {
                // By an earlier run, or by one that runs now.
            }
        }

        // Moderate: a row that breaks the contract and is there already can still be parked.
        await database.Database.RunCommandAsync<BsonDocument>(
            new BsonDocument
            {
                { "collMod", database.Options.OutboxCollection },
                { "validator", new BsonDocument("$jsonSchema", OutboxValidator.Schema) },
                { "validationLevel", "moderate" },
                { "validationAction", "error" },
            },
            cancellationToken: cancellationToken);
        return made;
    }
}
