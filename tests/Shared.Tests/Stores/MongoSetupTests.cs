using System.Net;
using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Clusters;
using MongoDB.Driver.Core.Connections;
using MongoDB.Driver.Core.Servers;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Setup makes the collections once, also where several callers run it; the store checks them before it uses them.</summary>
public sealed class MongoSetupTests(MongoDbServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Setup_makes_the_collections_and_their_indexes_once()
    {
        var database = MongoTestDatabase.CreateEmpty(server);
        Assert.Equal(6, await database.SetUpAsync());
        Assert.Equal(0, await database.SetUpAsync());
        await AssertCompleteAsync(database);
    }

    [Fact]
    public async Task Setup_makes_the_examples_collection_where_it_is_deployed()
    {
        var database = MongoTestDatabase.CreateEmpty(server);
        Assert.Equal(7, await database.SetUpAsync(effects: "effects"));
        Assert.Contains("effects", await NamesAsync(database));
    }

    [Fact]
    public async Task Many_can_set_up_at_once()
    {
        var database = MongoTestDatabase.CreateEmpty(server);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => database.SetUpAsync())));
        await AssertCompleteAsync(database);
        Assert.Equal(0, await database.SetUpAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task What_a_setup_that_was_killed_has_left_is_completed_and_not_used_before(int collections)
    {
        var database = MongoTestDatabase.CreateEmpty(server);
        foreach (var name in database.Options.Collections.Take(collections))
        {
            await database.Database.CreateCollectionAsync(name, cancellationToken: Ct);
        }

        if (collections > 4)
        {
            await database.Raw("outbox").Indexes.CreateManyAsync(MongoIndexes.Outbox.Take(3), Ct);
        }

        using var connections = ByUri(database);
        var missing = await Assert.ThrowsAsync<MongoSchemaException>(() => Repository(connections).FindAsync("e", Ct));
        Assert.True(missing.IsMissing);
        Assert.Equal(6 - collections, await database.SetUpAsync());
        await AssertCompleteAsync(database);
        Assert.Null(await Repository(connections).FindAsync("e", Ct));
    }

    [Fact]
    public async Task Missing_collections_are_named_and_told_from_other_failures()
    {
        var database = MongoTestDatabase.CreateEmpty(server);
        using var connections = ByUri(database);
        var state = new MongoSetupState();
        foreach (var call in new Func<Task>[]
        {
            () => Repository(connections).ClaimAsync(1, TimeSpan.FromMinutes(1), Ct),
            () => new MongoInboxRepository(connections, TimeProvider.System, SystemEntropy.Instance).GetCountByStatusAsync(Ct),
            () => new MongoJobStore(connections, TimeProvider.System, SystemEntropy.Instance).TryAcquireAsync("j", TimeSpan.FromMinutes(1), Ct),
        })
        {
            var missing = await Assert.ThrowsAsync<MongoSchemaException>(call);
            Assert.True(missing.IsMissing);
            Assert.Contains("Invoke the Setup function", missing.Message, StringComparison.Ordinal);
            Assert.True(await state.IsMissingAsync(missing, Ct));
            var explained = connections.Explain(missing)!;
            Assert.Contains($"'{database.Database.DatabaseNamespace.DatabaseName}' at 127.0.0.1:", explained.Message, StringComparison.Ordinal);
            Assert.True(await state.IsMissingAsync(explained, Ct));
        }

        // And nothing was made by the attempts.
        Assert.Empty(await NamesAsync(database));
        Assert.False(await state.IsMissingAsync(new MongoSchemaException("other"), Ct));
        Assert.False(await state.IsMissingAsync(new TimeoutException(), Ct));
    }

    [Fact]
    public async Task A_newer_version_is_refused_by_setup_and_by_every_call()
    {
        var database = await MongoTestDatabase.CreateAsync(server);
        await SetVersionAsync(database, MongoSchema.Version + 1);
        await database.Database.DropCollectionAsync("jobs", Ct);

        var refused = await Assert.ThrowsAsync<MongoSchemaException>(() => database.SetUpAsync());
        Assert.Contains("newer than this build's", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsMissing);
        Assert.DoesNotContain("jobs", await NamesAsync(database));
        using var connections = ByUri(database);
        refused = await Assert.ThrowsAsync<MongoSchemaException>(() => Repository(connections).FindAsync("e", Ct));
        Assert.Contains("Deploy the newer build", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_version_is_brought_up_by_setup_and_refused_before()
    {
        var database = await MongoTestDatabase.CreateAsync(server);
        await SetVersionAsync(database, MongoSchema.Version - 1);
        await database.Raw("outbox").Indexes.DropOneAsync("due", Ct);
        using var connections = ByUri(database);
        var older = await Assert.ThrowsAsync<MongoSchemaException>(() => Repository(connections).FindAsync("e", Ct));
        Assert.Contains("Invoke the Setup function", older.Message, StringComparison.Ordinal);
        Assert.False(older.IsMissing);

        await database.SetUpAsync();
        await AssertCompleteAsync(database);
        Assert.Null(await Repository(connections).FindAsync("e", Ct));
    }

    [Fact]
    public async Task A_standalone_server_is_refused_with_what_to_do()
    {
        await using var standalone = await MongoDbServer.StartAsync(new MongoServerOptions { ReplicaSet = null });
        var database = MongoTestDatabase.CreateEmpty(standalone);
        var refused = await Assert.ThrowsAsync<MongoSchemaException>(() => database.SetUpAsync());
        Assert.Contains("--replSet rs0", refused.Message, StringComparison.Ordinal);
        Assert.Contains("rs.initiate()", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await NamesAsync(database));

        // Also where somebody has made the collections by hand.
        await SetVersionAsync(database, MongoSchema.Version);
        using var connections = ByUri(database, "directConnection=true");
        var failure = await Assert.ThrowsAnyAsync<Exception>(
            () => Repository(connections).FindOrCreateAsync(Sample.Event() with { OrderingKey = "k" }, Ct));
        Assert.Contains("is a standalone server", connections.Explain(failure)?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8000, "")]
    [InlineData(59, "CommandNotFound")]
    [InlineData(115, "CommandNotSupported")]
    public async Task A_server_that_makes_no_roles_gets_everything_else_and_the_roles_are_named(int code, string name)
    {
        await using var refusing = await MongoFailPoint.TakeTurnAsync(server);
        var database = MongoTestDatabase.CreateEmpty(server);
        await refusing.SetAsync("alwaysOn", new BsonDocument("errorCode", code), "createRole");
        var log = new RecordingLogger<MongoSetup>();
        Assert.Equal(6, await SetUpAsync(refusing.Client, database, log));
        await AssertCompleteAsync(database);
        Assert.NotNull(await Repository(database.Connect()).ClaimAsync(1, TimeSpan.FromMinutes(1), Ct));
        var line = Assert.Single(log.Lines, line => line.StartsWith("1605 ", StringComparison.Ordinal));
        Assert.Contains($"refuses to make roles ({name}", line, StringComparison.Ordinal);
        Assert.Contains("shop_app, shop_relay, shop_cleaner, shop_consumer", line, StringComparison.Ordinal);
        Assert.Contains("docs/mongodb.md", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_right_that_Setups_own_user_lacks_is_an_error_and_leaves_the_collections_unfinished()
    {
        await using var refusing = await MongoFailPoint.TakeTurnAsync(server);
        var database = MongoTestDatabase.CreateEmpty(server);
        await refusing.SetAsync("alwaysOn", new BsonDocument("errorCode", 13), "createRole");
        var refused = await Assert.ThrowsAsync<MongoSchemaException>(
            () => SetUpAsync(refusing.Client, database, new RecordingLogger<MongoSetup>()));
        Assert.Contains("Name one in DatabaseOwnerSecretArn that has readWrite and dbAdmin", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsMissing);
        Assert.Empty(await database.Raw("outbox_schema").Find(new BsonDocument()).ToListAsync(Ct));
    }

    [Theory]
    [InlineData(13, "cluster0-shard-00-00.ab1cd.mongodb.net", true)]
    [InlineData(13, "cluster0-pl-0.ab1cd.mongodb.net", true)]
    [InlineData(13, "db.example.com", false)]
    [InlineData(13, "mongodb.net.example.com", false)]
    [InlineData(8000, "db.example.com", true)]
    [InlineData(51002, "cluster0.ab1cd.mongodb.net", false)]
    public void Nobody_may_make_roles_on_Atlas_and_elsewhere_a_missing_right_is_the_users_own(int code, string host, bool refused)
    {
        var error = new MongoCommandException(
            new ConnectionId(new ServerId(new ClusterId(), new DnsEndPoint(host, 27017))),
            "refused",
            new BsonDocument("createRole", "relaybox_app"),
            new BsonDocument { { "ok", 0 }, { "code", code } });
        Assert.Equal(refused, MongoRoles.AreRefused(error, ["127.0.0.1", host]));
    }

    [Fact]
    public async Task A_sharded_outbox_is_refused_before_anything_depends_on_it()
    {
        var database = MongoTestDatabase.CreateEmpty(server);
        var setup = new MongoSetup(
            new MongoConnections(ShardedDatabase.Of(database.Database, "outbox"), database.Options),
            new MongoSetupOptions(null, null),
            new RecordingLogger<MongoSetup>());
        var refused = await Assert.ThrowsAsync<MongoSchemaException>(() => setup.RunAsync(Ct));
        Assert.Contains("The collection 'outbox' is sharded", refused.Message, StringComparison.Ordinal);
        Assert.Contains("DatabaseName", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await database.Raw("outbox_schema").Find(new BsonDocument()).ToListAsync(Ct));

        // Other collections may be.
        await new MongoSetup(
            new MongoConnections(ShardedDatabase.Of(database.Database, "inbox"), database.Options),
            new MongoSetupOptions(null, null),
            new RecordingLogger<MongoSetup>()).RunAsync(Ct);
        await AssertCompleteAsync(database);
    }

    public static TheoryData<string> BadRows { get; } =
    [
        "{ _id: 1, subject: 's', payload: '', status: 'pending' }",
        "{ _id: '', subject: 's', payload: '', status: 'pending' }",
        "{ _id: 'e', payload: '', status: 'pending' }",
        "{ _id: 'e', subject: 's', status: 'pending' }",
        "{ _id: 'e', subject: 's', payload: '' }",
        "{ _id: 'e', subject: 's', payload: { n: 1 }, status: 'pending' }",
        "{ _id: 'e', subject: 'a b', payload: '', status: 'pending' }",
        "{ _id: 'e', subject: 'a..b', payload: '', status: 'pending' }",
        "{ _id: 'e', subject: 's', payload: '', status: 'pending', headers: [] }",
        "{ _id: 'e', subject: 's', payload: '', status: 'pending', headers: { a: 1 } }",
        "{ _id: 'e', subject: 's', payload: '', status: 'pending', orderingKey: 1 }",
        "{ _id: 'e', subject: 's', payload: '', status: 'pending', orderingKey: '' }",
        "{ _id: 'e', subject: 's', payload: '', status: 'pending', orderingKey: 'k', orderNumber: 0 }",
        "{ _id: 'e', subject: 's', payload: '', status: 'pending', orderingKey: 'k', orderNumber: '1' }",
        "{ _id: 'e', subject: 's', payload: '', status: 'pending', availableAt: 'now' }",
        "{ _id: 'e', subject: 's', payload: '', status: 'pending', result: 1 }",
    ];

    [Theory]
    [MemberData(nameof(BadRows))]
    public async Task A_row_that_breaks_the_contract_is_refused_at_once_and_parked_where_it_is_there_already(string row)
    {
        var database = await MongoTestDatabase.CreateAsync(server);
        var document = BsonDocument.Parse(row);
        var refused = await Assert.ThrowsAsync<MongoWriteException>(() => database.Raw("outbox").InsertOneAsync(document, cancellationToken: Ct));
        Assert.Equal(121, refused.WriteError.Code);

        await database.InsertAsync("outbox", document);
        var repository = Repository(database.Connect());
        for (var i = 0; i < 3; i++)
        {
            foreach (var claim in await repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct))
            {
                Assert.NotNull(claim.Violation);
                await repository.ParkAsync([new(claim.EventId, claim.Token, claim.Attempts, "row.bad", "bad")], Ct);
            }

            await repository.ReconcileAsync(TimeSpan.Zero, null, 10, Ct);
        }

        var kept = await database.Raw("outbox").Find(new BsonDocument("_id", document["_id"])).SingleAsync(Ct);
        Assert.True(
            kept.GetValue("status", "").AsString == "failed" || !document.Contains("status"), $"{kept}");
    }

    [Theory]
    [InlineData("{ _id: 'e', subject: 'orders.placed', payload: '{}', status: 'pending' }")]
    [InlineData("{ _id: 'e', subject: 'a', payload: '', status: 'pending', headers: null, orderingKey: null, result: null }")]
    [InlineData("{ _id: 'e', subject: 'a', payload: '', status: 'pending', headers: { a: 'b' }, orderingKey: 'k', orderNumber: 1, more: 1 }")]
    [InlineData("{ _id: 'e', subject: 'a', payload: '', status: 'pending', orderingKey: 'k', orderNumber: NumberLong(1) }")]
    public async Task A_row_that_keeps_the_contract_is_taken(string row)
    {
        var database = await MongoTestDatabase.CreateAsync(server);
        await database.Raw("outbox").InsertOneAsync(BsonDocument.Parse(row), cancellationToken: Ct);
        Assert.NotNull(Assert.Single(await Repository(database.Connect()).ClaimAsync(10, TimeSpan.FromMinutes(1), Ct)).Event);
    }

    [Fact]
    public async Task Counters_that_are_behind_their_rows_are_refused_by_writers_and_caught_up_by_setup()
    {
        var database = await MongoTestDatabase.CreateAsync(server);
        var writer = new MongoOutboxWriter(database.Database, database.Options);
        for (var i = 1; i <= 3; i++)
        {
            await WriteAsync(writer, $"k-{i}", "k");
            await WriteAsync(writer, $"l-{i}", "l");
        }

        // As after a restore of the outbox alone.
        await database.Raw("outbox_keys").UpdateOneAsync(
            new BsonDocument("_id", "k"), new BsonDocument("$set", new BsonDocument("last", 1L)), cancellationToken: Ct);
        await database.Raw("outbox_keys").DeleteOneAsync(new BsonDocument("_id", "l"), Ct);
        foreach (var key in new[] { "k", "l" })
        {
            var behind = await Assert.ThrowsAsync<OutboxCounterException>(() => WriteAsync(writer, $"{key}-4", key));
            Assert.Contains("Setup", behind.Message, StringComparison.Ordinal);
        }

        var log = new RecordingLogger<MongoSetup>();
        Assert.Equal(2, await database.SetUpAsync(logger: log));
        Assert.Contains(log.Lines, line => line.StartsWith("1603 2 counters", StringComparison.Ordinal));
        foreach (var key in new[] { "k", "l" })
        {
            await WriteAsync(writer, $"{key}-4", key);
            var row = await database.Raw("outbox").Find(new BsonDocument("_id", $"{key}-4")).SingleAsync(Ct);
            Assert.Equal(4, row["orderNumber"].ToInt64());
        }

        Assert.Equal(0, await database.SetUpAsync());
    }

    private static Task WriteAsync(MongoOutboxWriter writer, string id, string key) => writer.ExecuteWithOutboxAsync(
        (_, _) => Task.FromResult(1), Sample.Event(id) with { OrderingKey = key }, cancellationToken: Ct);

    private static MongoOutboxRepository Repository(MongoConnections connections) =>
        new(connections, new MongoOptions(), TimeProvider.System, SystemEntropy.Instance);

    private static MongoConnections ByUri(MongoTestDatabase database, string options = "replicaSet=rs0") => new(
        new MongoConnectionOptions
        {
            Uri = $"mongodb://127.0.0.1:{database.Server.Client.Settings.Server.Port}/"
                + $"{database.Database.DatabaseNamespace.DatabaseName}?{options}",
        },
        new MongoOptions(),
        new NoSecrets());

    private static Task<int> SetUpAsync(MongoClient client, MongoTestDatabase database, RecordingLogger<MongoSetup> log) => new MongoSetup(
        new MongoConnections(client.GetDatabase(database.Database.DatabaseNamespace.DatabaseName), database.Options),
        new MongoSetupOptions(new MongoRoles { Prefix = "shop" }, null),
        log).RunAsync(Ct);

    private static Task SetVersionAsync(MongoTestDatabase database, int version) => database.Raw("outbox_schema").UpdateOneAsync(
        new BsonDocument("_id", "schema"), new BsonDocument("$set", new BsonDocument("version", version)), new UpdateOptions { IsUpsert = true }, Ct);

    private static async Task<List<string>> NamesAsync(MongoTestDatabase database) =>
        await (await database.Database.ListCollectionNamesAsync(cancellationToken: Ct)).ToListAsync(Ct);

    private static async Task AssertCompleteAsync(MongoTestDatabase database)
    {
        Assert.Equal(database.Options.Collections.Order(StringComparer.Ordinal), (await NamesAsync(database)).Order(StringComparer.Ordinal));
        foreach (var (collection, indexes) in new[]
        {
            ("outbox", MongoIndexes.Outbox), ("outbox_keys", MongoIndexes.Keys), ("inbox", MongoIndexes.Inbox), ("inbox_leases", MongoIndexes.Leases),
        })
        {
            var names = (await (await database.Raw(collection).Indexes.ListAsync(Ct)).ToListAsync(Ct)).Select(index => index["name"].AsString);
            Assert.Equal(["_id_", .. indexes.Select(index => index.Options.Name).Order(StringComparer.Ordinal)], names.Order(StringComparer.Ordinal));
        }

        var outbox = (await (await database.Database.ListCollectionsAsync(
            new ListCollectionsOptions { Filter = new BsonDocument("name", "outbox") }, Ct)).ToListAsync(Ct)).Single();
        Assert.Equal("moderate", outbox["options"]["validationLevel"]);
        Assert.Equal(1, (await database.Raw("outbox_schema").Find(new BsonDocument()).SingleAsync(Ct))["version"]);
    }
}
