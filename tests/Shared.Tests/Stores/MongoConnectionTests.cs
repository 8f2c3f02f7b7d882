using System.Net.Sockets;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Rotated passwords, servers that are not there or go away, and what is said of each.</summary>
public sealed class MongoConnectionTests(MongoDbServer server, MongoGuardedServer guarded) : DeadStoreConformance, IClassFixture<MongoGuardedServer>
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db-AbCdEf";

    // So long a call waits for a server that is never there.
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(500);

    protected override string Unreachable => "The database 'shop' at 127.0.0.1:1 cannot be reached: nothing listens there";

    private protected override (IInboxRepository Inbox, IExplainsFailures Connections) Connect()
    {
        var connections = ByUri($"mongodb://u:{Canary}@127.0.0.1:1/shop?replicaSet=rs0", Soon);
        return (new MongoInboxRepository(connections, TimeProvider.System, SystemEntropy.Instance), connections);
    }

    [Fact]
    public async Task A_rotated_password_is_read_again_once_and_then_kept()
    {
        var (database, users) = await SetUpAsync(guarded);
        await guarded.CreateUserAsync("relay", "first");
        await guarded.GrantAsync("relay", database, "relaybox_relay", "relaybox_cleaner");
        var secrets = new Secrets { Text = Secret(guarded, "relay", "first", database) };
        using var connections = new MongoConnections(new MongoConnectionOptions { SecretArn = Arn }, new MongoOptions(), secrets);
        var repository = Repository(connections);
        await repository.GetCountByStatusAsync(Ct);
        Assert.Equal(1, secrets.Reads);

        await guarded.ChangePasswordAsync("relay", "second");
        secrets.Text = Secret(guarded, "relay", "second", database);
        await RestartAsync(guarded);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => repository.GetCountByStatusAsync(Ct)));
        Assert.Equal(2, secrets.Reads);

        // A rotation may change the user as well.
        await guarded.CreateUserAsync("clone", "third");
        await guarded.GrantAsync("clone", database, "relaybox_relay");
        await guarded.ChangePasswordAsync("relay", "gone");
        secrets.Text = $"mongodb://clone:third@127.0.0.1:{guarded.Server.Port}/{database}?replicaSet=rs0&authSource=admin";
        await RestartAsync(guarded);
        await repository.GetCountByStatusAsync(Ct);
        Assert.Equal(3, secrets.Reads);
        Assert.NotNull(users);
    }

    [Fact]
    public async Task A_secret_that_could_not_be_used_is_read_again_by_the_next_call()
    {
        var database = await MongoTestDatabase.CreateAsync(server);
        var secrets = new Secrets { Text = $$"""{"username":"{{Canary}}"}""" };
        using var connections = new MongoConnections(new MongoConnectionOptions { SecretArn = Arn }, new MongoOptions(), secrets);
        var repository = Repository(connections);
        await Assert.ThrowsAsync<SecretException>(() => repository.GetCountByStatusAsync(Ct));

        var name = database.Database.DatabaseNamespace.DatabaseName;
        secrets.Text = $"mongodb://127.0.0.1:{server.Client.Settings.Server.Port}/{name}?replicaSet=rs0";
        await repository.GetCountByStatusAsync(Ct);
        await repository.GetCountByStatusAsync(Ct);
        Assert.Equal(2, secrets.Reads);
    }

    [Fact]
    public async Task Wrong_credentials_are_read_again_once_and_then_an_error_that_says_where_to_put_the_right_ones()
    {
        var secrets = new Secrets { Text = Secret(guarded, "nobody", Canary, "shop") };
        using var connections = new MongoConnections(new MongoConnectionOptions { SecretArn = Arn }, new MongoOptions(), secrets);
        await FailsAsync(connections, $"refuses the user 'nobody' or its password. Put the right ones into the secret {Arn}.");
        Assert.Equal(2, secrets.Reads);

        using var byUri = ByUri($"mongodb://root:{Canary}@127.0.0.1:{guarded.Server.Port}/shop?replicaSet=rs0&authSource=admin");
        await FailsAsync(
            byUri,
            $"The database 'shop' at 127.0.0.1:{guarded.Server.Port} refuses the user 'root' or its password. "
            + "Put the right ones into MONGODB_URI.");
    }

    [Fact]
    public async Task A_user_without_the_roles_is_told_which_they_are()
    {
        await guarded.CreateUserAsync("poor", Canary);
        using var connections = ByUri($"mongodb://poor:{Canary}@127.0.0.1:{guarded.Server.Port}/shop?replicaSet=rs0&authSource=admin");
        await FailsAsync(connections, "does not allow the user 'poor' what this function does (Unauthorized)", "relaybox_relay", "relaybox_consumer");

        using var nobody = ByUri($"mongodb://127.0.0.1:{guarded.Server.Port}/shop?replicaSet=rs0");
        await FailsAsync(nobody, "asks for a user and a password, and MONGODB_URI has none");
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named_with_the_reason()
    {
        var port = NobodysPort();
        using var connections = ByUri($"mongodb://u:{Canary}@127.0.0.1:{port}/shop?replicaSet=rs0", Soon);
        await FailsAsync(
            connections, $"The database 'shop' at 127.0.0.1:{port} cannot be reached: nothing listens there", "Check host and port in MONGODB_URI");
    }

    [Fact]
    public async Task A_host_that_nobody_knows_is_named()
    {
        using var connections = ByUri($"mongodb://u:{Canary}@nowhere.invalid/shop", Soon);
        await FailsAsync(connections, "The database 'shop' at nowhere.invalid:27017 cannot be reached", "nobody knows a host of that name");
    }

    [Fact]
    public async Task A_replica_set_of_another_name_has_no_primary_that_can_be_reached()
    {
        using var connections = ByUri($"mongodb://u:{Canary}@127.0.0.1:{server.Client.Settings.Server.Port}/shop?replicaSet=other", Soon);
        await FailsAsync(connections, "has no primary that can be reached", "replicaSet");
    }

    [Fact]
    public async Task A_server_that_ends_and_comes_back_is_found_again()
    {
        await using var fragile = await MongoDbServer.StartAsync();
        var database = await MongoTestDatabase.CreateAsync(fragile);
        using var connections = ByUri($"mongodb://127.0.0.1:{fragile.Port}/{database.Database.DatabaseNamespace.DatabaseName}?replicaSet=rs0");
        var repository = Repository(connections);
        var inbox = new MongoInboxRepository(connections, TimeProvider.System, SystemEntropy.Instance);
        await repository.FindOrCreateAsync(Sample.Event("e-1") with { OrderingKey = "k" }, Ct);

        await fragile.StopAtOnceAsync();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3)))
        {
            var away = await Record.ExceptionAsync(() => repository.FindAsync("e-1", patience.Token));
            Assert.True(away is OperationCanceledException || inbox.IsOutage(away!), $"{away}");
            Assert.Contains("cannot be reached", connections.Explain(away!)?.Message, StringComparison.Ordinal);
        }

        // A call that is under way when it comes back goes through.
        var finding = repository.FindOrCreateAsync(Sample.Event("e-2") with { OrderingKey = "k" }, Ct);
        await fragile.StartAgainAsync();
        Assert.True((await finding).Created);
        Assert.Equal(["e-1", "e-2"], (await repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct)).Select(claim => claim.EventId));
    }

    [Fact]
    public async Task A_primary_that_steps_down_for_a_while_is_waited_for()
    {
        await using var fragile = await MongoDbServer.StartAsync();
        var database = await MongoTestDatabase.CreateAsync(fragile);
        using var connections = ByUri($"mongodb://127.0.0.1:{fragile.Port}/{database.Database.DatabaseNamespace.DatabaseName}?replicaSet=rs0");
        var repository = Repository(connections);
        await repository.FindOrCreateAsync(Sample.Event("e-0"), Ct);
        await fragile.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
            BsonDocument.Parse("{ replSetStepDown: 2, force: true, secondaryCatchUpPeriodSecs: 1 }"), cancellationToken: Ct);
        var made = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => repository.FindOrCreateAsync(
            Sample.Event($"e-{i}") with { OrderingKey = i % 2 == 0 ? "k" : null }, Ct)));
        Assert.All(made, found => Assert.True(found.Created));
        Assert.Equal(9, (await repository.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task A_consumer_whose_secret_cannot_be_used_logs_what_is_wrong_with_it()
    {
        var secrets = new Secrets { Text = $$"""{"username":"u","password":"{{Canary}}"}""" };
        using var connections = new MongoConnections(new MongoConnectionOptions { SecretArn = Arn }, new MongoOptions(), secrets);
        var log = new RecordingLogger<InboxConsumer>();
        var consumer = new InboxConsumer(
            new MongoInboxRepository(connections, TimeProvider.System, SystemEntropy.Instance),
            new HandlerRegistry("default").AddRaw("orders.>", new Handler<string>()),
            new ConsumerOptions(),
            TimeProvider.System,
            SystemEntropy.Instance,
            log);

        await consumer.ConsumeAsync([Sample.Message("a")], WorkDeadline.After(TimeSpan.FromSeconds(20), TimeProvider.System), Ct);

        var line = Assert.Single(log.Lines);
        Assert.Contains($"The database's secret {Arn} cannot be used: it has no 'host'", line, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, line, StringComparison.Ordinal);
    }

    private static async Task<(string Database, MongoUsers Users)> SetUpAsync(MongoGuardedServer guarded)
    {
        var database = await MongoTestDatabase.CreateAsync(guarded.Server, database: guarded.CreateDatabase());
        return (database.Database.DatabaseNamespace.DatabaseName, await MongoUsers.CreateAsync(guarded, database));
    }

    // Connections that were opened with the old password would go on.
    private static async Task RestartAsync(MongoGuardedServer guarded)
    {
        await guarded.Server.StopAtOnceAsync();
        await guarded.Server.StartAgainAsync();
    }

    private static int NobodysPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        return ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task FailsAsync(MongoConnections connections, params string[] parts)
    {
        // A short wait can end before the driver knows why it cannot connect.
        var explained = await Eventually.ValueAsync(
            async () =>
            {
                var failure = await Assert.ThrowsAnyAsync<Exception>(
                    () => connections.UseAsync((database, ct) => database.Outbox.Find(new BsonDocument()).AnyAsync(ct), Ct));
                var explained = connections.Explain(failure);
                Assert.True(explained is not null, failure.ToString());
                Assert.Same(failure, explained.InnerException);
                return explained;
            },
            explained => parts.All(part => explained.Message.Contains(part, StringComparison.Ordinal)),
            string.Join(", ", parts));
        Assert.DoesNotContain(Canary, explained.ToString(), StringComparison.Ordinal);
    }

    private static MongoConnections ByUri(string uri, TimeSpan? selectionTimeout = null)
    {
        var options = new MongoConnectionOptions { Uri = uri };
        return new(options with { SelectionTimeout = selectionTimeout ?? options.SelectionTimeout }, new MongoOptions(), new Secrets());
    }

    private static MongoOutboxRepository Repository(MongoConnections connections) =>
        new(connections, new MongoOptions(), TimeProvider.System, SystemEntropy.Instance);

    private static string Secret(MongoGuardedServer guarded, string user, string password, string database) => $$"""
        {"engine":"mongodb","host":"127.0.0.1","port":{{guarded.Server.Port}},"dbname":"{{database}}","username":"{{user}}",
         "password":"{{password}}","replicaSet":"rs0"}
        """;

    private sealed class Secrets : ISecretSource
    {
        private int _reads;

        public string Text { get; set; } = "";

        public int Reads => _reads;

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken)
        {
            Assert.Equal(Arn, arn);
            Interlocked.Increment(ref _reads);
            return Task.FromResult(Text);
        }
    }
}
