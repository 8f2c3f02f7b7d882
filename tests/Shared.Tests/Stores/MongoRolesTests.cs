using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Each role can do its part of the work, and nothing else.</summary>
public sealed class MongoRolesTests(MongoGuardedServer server) : IClassFixture<MongoGuardedServer>, IAsyncLifetime
{
    private const int Unauthorized = 13;

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private MongoInboxHarness _owner = null!;
    private MongoUsers _users = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _owner = await MongoInboxHarness.CreateAsync(server.Server, enlists: true, server.CreateDatabase());
        _users = await MongoUsers.CreateAsync(server, _owner.Database, "effects");
    }

    public async ValueTask DisposeAsync() => await _owner.DisposeAsync();

    [Fact]
    public async Task The_app_writes_rows_with_and_without_keys_and_the_relay_sends_them()
    {
        var writer = new MongoOutboxWriter(_users.App, _owner.Database.Options);
        await writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), Sample.Event("a") with { OrderingKey = "k" }, cancellationToken: Ct);
        await writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), Sample.Event("b"), cancellationToken: Ct);

        var relay = new MongoOutboxRepository(
            _owner.Database.Connect(_users.Relay), _owner.Database.Options, TimeProvider.System, SystemEntropy.Instance);
        var claims = (await relay.ClaimAsync(10, Lease, Ct)).OrderBy(claim => claim.EventId, StringComparer.Ordinal).ToList();
        Assert.Equal(["a", "b"], claims.Select(claim => claim.EventId));
        Assert.Equal(1, (await relay.RetryAsync([new("b", claims[1].Token, 1, TimeSpan.Zero, "publish.unknown", "lost")], Ct)).Applied);
        Assert.Equal(1, (await relay.ParkAsync([new("a", claims[0].Token, 1, "publish.rejected", "no")], Ct)).Applied);
        var again = await relay.MarkAsPublishingAsync("b", Lease, Ct);
        Assert.Equal(1, (await relay.MarkSentAsync([new("b", again!.Token)], Ct)).Applied);
        using (await _users.Relay.GetCollection<BsonDocument>("outbox").WatchAsync(cancellationToken: Ct))
        {
            Assert.Equal(2, (await relay.GetCountByStatusAsync(Ct)).Count);
        }
    }

    [Fact]
    public async Task The_app_is_told_whether_an_id_is_taken_by_the_same_event()
    {
        var writer = new MongoOutboxWriter(_users.App, _owner.Database.Options);
        var first = Sample.Event("e-1", "first") with { OrderingKey = "k" };
        await writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first, cancellationToken: Ct);
        await Assert.ThrowsAsync<EventAlreadyWrittenException>(
            () => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first, cancellationToken: Ct));
        await Assert.ThrowsAsync<EventIdConflictException>(
            () => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first with { Payload = "second" }, cancellationToken: Ct));
    }

    [Fact]
    public async Task An_app_that_may_not_read_the_outbox_writes_and_is_told_that_an_id_is_taken_but_not_by_what()
    {
        var name = _owner.Database.Database.DatabaseNamespace.DatabaseName;
        await _owner.Database.Database.RunCommandAsync<BsonDocument>(
            BsonDocument.Parse(
                $$"""
                { updateRole: 'relaybox_app', privileges: [
                    { resource: { db: '{{name}}', collection: 'outbox' }, actions: ['insert'] },
                    { resource: { db: '{{name}}', collection: 'outbox_keys' }, actions: ['find', 'insert', 'update'] } ] }
                """),
            cancellationToken: Ct);
        var writer = new MongoOutboxWriter(_users.App, _owner.Database.Options);
        var first = Sample.Event("e-1") with { OrderingKey = "k" };
        await writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first, cancellationToken: Ct);
        var taken = await Assert.ThrowsAnyAsync<EventIdTakenException>(
            () => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first, cancellationToken: Ct));
        Assert.IsType<EventIdTakenException>(taken);
        Assert.NotNull(await _owner.Outbox.FindAsync("e-1", Ct));
    }

    /// <summary>What nobody but the owner may do, by role, collection and what.</summary>
    public static TheoryData<string, string, string> Forbidden { get; } = new(
        new[]
        {
            ("app", "outbox", "update"), ("app", "outbox", "delete"), ("app", "outbox_keys", "delete"), ("app", "inbox", "find"),
            ("app", "inbox", "insert"), ("app", "outbox_schema", "find"), ("app", "jobs", "find"), ("app", "effects", "insert"),
            ("app", "outbox", "watch"), ("app", "outbox", "drop"), ("app", "outbox", "index"), ("app", "outbox", "collMod"),
            ("relay", "outbox", "insert"), ("relay", "outbox", "delete"), ("relay", "outbox_keys", "find"), ("relay", "inbox", "find"),
            ("relay", "outbox_schema", "update"), ("relay", "jobs", "insert"), ("relay", "jobs", "update"), ("relay", "outbox", "drop"),
            ("cleaner", "outbox", "insert"), ("cleaner", "inbox", "insert"), ("cleaner", "effects", "find"), ("cleaner", "outbox_schema", "update"),
            ("consumer", "outbox", "find"), ("consumer", "outbox", "update"), ("consumer", "outbox", "delete"), ("consumer", "inbox", "delete"),
            ("consumer", "outbox_keys", "delete"), ("consumer", "jobs", "insert"), ("consumer", "jobs", "update"),
            ("consumer", "outbox_schema", "update"),
        }.Select(row => new TheoryDataRow<string, string, string>(row.Item1, row.Item2, row.Item3)));

    [Theory]
    [MemberData(nameof(Forbidden))]
    public async Task A_role_has_no_rights_beyond_its_work(string role, string collection, string what)
    {
        var database = role switch
        {
            "app" => _users.App,
            "relay" => _users.Relay,
            "cleaner" => _users.Cleaner,
            _ => _users.Consumer,
        };
        var documents = database.GetCollection<BsonDocument>(collection);
        var refused = await Record.ExceptionAsync(() => what switch
        {
            "find" => documents.Find(new BsonDocument()).ToListAsync(Ct),
            "insert" => documents.InsertOneAsync(new BsonDocument("_id", "x"), cancellationToken: Ct),
            "update" => documents.UpdateOneAsync(new BsonDocument(), new BsonDocument("$set", new BsonDocument("a", 1)), cancellationToken: Ct),
            "delete" => documents.DeleteOneAsync(new BsonDocument("_id", "x"), Ct),
            "watch" => documents.WatchAsync(cancellationToken: Ct),
            "drop" => database.DropCollectionAsync(collection, Ct),
            "index" => documents.Indexes.CreateOneAsync(new CreateIndexModel<BsonDocument>(new BsonDocument("a", 1)), cancellationToken: Ct),
            _ => database.RunCommandAsync<BsonDocument>(
                new BsonDocument { { "collMod", collection }, { "validationLevel", "off" } }, cancellationToken: Ct),
        });
        Assert.True(
            refused is MongoException
            && MongoFaults.Codes(refused).Concat(MongoFaults.Codes(refused.InnerException ?? refused)).Contains(Unauthorized),
            $"{refused}");
    }

    [Fact]
    public async Task A_consumer_handles_messages_with_what_handlers_write_and_emit()
    {
        var inbox = _users.CreateInbox(_owner);
        var claim = Assert.IsType<InboxClaim.Claimed>(Assert.Single(await inbox.ClaimAsync("billing", [Sample.Message("m")], Lease, 5, Ct)));
        Assert.True(await inbox.RenewAsync(claim, Lease, Ct));
        await using (var transaction = await inbox.BeginAsync(claim, Ct))
        {
            _owner.EnlistEffect(transaction, "a");
            transaction.Emit(Sample.Event("e") with { OrderingKey = "k" });
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.NotNull(await _owner.Outbox.FindAsync("e", Ct));
    }

    [Fact]
    public async Task Setup_grants_the_named_users_their_roles_and_does_so_once()
    {
        var (functions, app) = (Unique("functions"), Unique("app"));
        foreach (var user in new[] { functions, app })
        {
            await server.CreateUserAsync(user, "of-a-user");
        }

        var roles = new MongoRoles { Prefix = "shop", FunctionsUser = functions, AppUsers = [app] };
        Assert.Equal(4, await _owner.Database.SetUpAsync(roles, "effects"));
        Assert.Equal(0, await _owner.Database.SetUpAsync(roles, "effects"));
        Assert.Equal(["shop_cleaner", "shop_consumer", "shop_relay"], await RolesOfAsync(functions));
        Assert.Equal(["shop_app"], await RolesOfAsync(app));

        async Task<IEnumerable<string>> RolesOfAsync(string user) => (await server.Root.GetDatabase("admin").RunCommandAsync<BsonDocument>(
                new BsonDocument("usersInfo", user), cancellationToken: Ct))["users"][0]["roles"].AsBsonArray
            .Select(role => role["role"].AsString).Order(StringComparer.Ordinal);

        static string Unique(string prefix) => MongoDbServer.UniqueName(prefix);
    }

    [Theory]
    [InlineData("relay", "outbox", "update")]
    [InlineData("cleaner", "jobs", "remove")]
    [InlineData("consumer", "effects", "insert")]
    public async Task The_doctor_names_a_right_that_the_functions_user_lacks_and_Setup_gives_it_back(string role, string collection, string action)
    {
        var functions = MongoDbServer.UniqueName("functions");
        await server.CreateUserAsync(functions, "of-a-user");
        var roles = new MongoRoles { Prefix = "shop", FunctionsUser = functions };
        await _owner.Database.SetUpAsync(roles, "effects");
        var name = _owner.Database.Database.DatabaseNamespace.DatabaseName;
        var check = new MongoRightsCheck(
            _owner.Database.Connect(server.Connect(functions, "of-a-user").GetDatabase(name)),
            new MongoDbSettings
            {
                Collections = _owner.Database.Options,
                Connection = new MongoConnectionOptions { RolePrefix = "shop" },
                Setup = new MongoSetupOptions(roles, "effects"),
            });
        Assert.Empty(await check.FindAsync(Ct));

        // No role may give the right any more: those of the functions have some in common.
        foreach (var (changed, rights) in roles.Rights(_owner.Database.Options, "effects"))
        {
            await _owner.Database.Database.RunCommandAsync<BsonDocument>(
                new BsonDocument { { "updateRole", changed }, { "privileges", Without(rights) } }, cancellationToken: Ct);
        }

        var found = await check.FindAsync(Ct);
        Assert.All(found, finding => Assert.Equal(("rights.missing", FindingSeverity.Problem), (finding.Id, finding.Severity)));
        Assert.Contains(
            found,
            finding => finding.Text == $"The user '{functions}' lacks rights of the role shop_{role}: {action} on {collection}."
                && finding.Advice!.Contains($"grantRolesToUser('{functions}', [{{ role: 'shop_{role}', db: '{name}' }}])", StringComparison.Ordinal));
        await _owner.Database.SetUpAsync(roles, "effects");
        Assert.Empty(await check.FindAsync(Ct));

        BsonArray Without(IReadOnlyList<(string Collection, string[] Actions)> rights) => new(rights.Select(right => new BsonDocument
        {
            { "resource", new BsonDocument { { "db", name }, { "collection", right.Collection } } },
            { "actions", new BsonArray(right.Actions.Where(known => right.Collection != collection || known != action)) },
        }));
    }

    [Fact]
    public async Task The_doctor_names_every_role_of_a_user_who_was_granted_nothing()
    {
        var nobody = MongoDbServer.UniqueName("nobody");
        await server.CreateUserAsync(nobody, "of-a-user");
        var found = await new MongoRightsCheck(
            _owner.Database.Connect(server.Connect(nobody, "of-a-user").GetDatabase(_owner.Database.Database.DatabaseNamespace.DatabaseName)),
            new MongoDbSettings
            {
                Collections = _owner.Database.Options,
                Connection = new MongoConnectionOptions(),
                Setup = new MongoSetupOptions(null, "effects"),
            }).FindAsync(Ct);
        Assert.Equal(
            ["relaybox_relay", "relaybox_cleaner", "relaybox_consumer"],
            found.Select(finding => finding.Text.Split("role ")[1].Split(':')[0]));
    }

    [Fact]
    public async Task Setup_takes_rights_back_that_a_role_no_longer_has()
    {
        var roles = new MongoRoles { Prefix = "relaybox" };
        await _owner.Database.Database.RunCommandAsync<BsonDocument>(
            BsonDocument.Parse(
                $$"""
                { updateRole: 'relaybox_app', privileges: [
                    { resource: { db: '{{_owner.Database.Database.DatabaseNamespace.DatabaseName}}', collection: 'outbox' }, actions: ['remove'] } ] }
                """),
            cancellationToken: Ct);
        var outbox = _users.App.GetCollection<BsonDocument>("outbox");
        await outbox.DeleteOneAsync(new BsonDocument("_id", "x"), Ct);
        await _owner.Database.SetUpAsync(roles, "effects");
        await Assert.ThrowsAnyAsync<MongoException>(() => outbox.DeleteOneAsync(new BsonDocument("_id", "x"), Ct));
    }
}
