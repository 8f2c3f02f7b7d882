using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.MongoDouble.Tests.Serving;

/// <summary>Users, roles and TLS, on servers of their own.</summary>
public sealed class SecurityTests
{
    [Fact]
    public async Task Without_authentication_nothing_is_done_but_the_first_user_can_be_made()
    {
        await using var server = await MongoDbServer.StartAsync(new MongoServerOptions { Authentication = true });
        var error = await Assert.ThrowsAsync<MongoCommandException>(
            () => server.Client.GetDatabase("app").GetCollection<BsonDocument>("c").Find("{}").ToListAsync());
        Assert.Equal((13, "Unauthorized"), (error.Code, error.CodeName));
        Assert.Contains("Command find requires authentication", error.Message, StringComparison.Ordinal);

        await CreateRootAsync(server);
        error = await Assert.ThrowsAsync<MongoCommandException>(() => CreateRootAsync(server));
        Assert.Equal(13, error.Code);
        using var root = Client(server, "root", "secret");
        await root.GetDatabase("app").GetCollection<BsonDocument>("c").InsertOneAsync(new BsonDocument("_id", 1));
    }

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        await using var server = await MongoDbServer.StartAsync(new MongoServerOptions { Authentication = true });
        await CreateRootAsync(server);
        foreach (var (name, password) in new[] { ("root", "wrong"), ("nobody", "secret") })
        {
            using var client = Client(server, name, password);
            var error = await Assert.ThrowsAsync<MongoAuthenticationException>(
                () => client.GetDatabase("admin").RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1)));
            Assert.Equal(18, Assert.IsType<MongoCommandException>(error.InnerException).Code);
        }
    }

    [Fact]
    public async Task A_role_of_its_own_allows_its_actions_on_its_collection_alone()
    {
        await using var server = await MongoDbServer.StartAsync(new MongoServerOptions { Authentication = true });
        await CreateRootAsync(server);
        using var root = Client(server, "root", "secret");
        var app = root.GetDatabase("app");
        await app.GetCollection<BsonDocument>("inbox").InsertOneAsync(new BsonDocument("_id", 1));
        await app.RunCommandAsync<BsonDocument>(BsonDocument.Parse(
            """
            { createRole: 'writer', roles: [], privileges: [
                { resource: { db: 'app', collection: 'outbox' }, actions: ['insert', 'find'] } ] }
            """));
        await app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ createUser: 'app', pwd: 'hidden', roles: ['writer'] }"));

        using var writer = Client(server, "app", "hidden", "app");
        var outbox = writer.GetDatabase("app").GetCollection<BsonDocument>("outbox");
        await outbox.InsertOneAsync(new BsonDocument("_id", 1));
        Assert.Single(await outbox.Find("{}").ToListAsync());
        var update = await Assert.ThrowsAnyAsync<MongoException>(() => outbox.UpdateOneAsync("{}", "{ $set: { a: 1 } }"));
        Assert.Contains("not authorized on app to execute command", update.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<MongoException>(() => outbox.DeleteOneAsync("{}"));
        var watch = await Assert.ThrowsAsync<MongoCommandException>(() => outbox.WatchAsync());
        Assert.Equal(13, watch.Code);
        await Assert.ThrowsAsync<MongoCommandException>(
            () => outbox.Database.GetCollection<BsonDocument>("inbox").Find("{}").ToListAsync());

        await app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ grantRolesToUser: 'app', roles: ['readWrite'] }"));
        await outbox.UpdateOneAsync("{}", "{ $set: { a: 1 } }");
        using (await outbox.WatchAsync())
        {
            Assert.Single(await outbox.Database.GetCollection<BsonDocument>("inbox").Find("{}").ToListAsync());
        }
    }

    [Fact]
    public async Task Users_are_changed_shown_and_dropped_and_outlive_a_restart()
    {
        await using var server = await MongoDbServer.StartAsync(new MongoServerOptions { Authentication = true });
        await CreateRootAsync(server);
        using var root = Client(server, "root", "secret");
        var app = root.GetDatabase("app");
        await app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ createUser: 'u', pwd: 'one', roles: ['read'] }"));
        var twice = await Assert.ThrowsAsync<MongoCommandException>(
            () => app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ createUser: 'u', pwd: 'one', roles: [] }")));
        Assert.Equal(51003, twice.Code);
        var unknown = await Assert.ThrowsAsync<MongoCommandException>(
            () => app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ createUser: 'v', pwd: 'one', roles: ['unknown'] }")));
        Assert.Equal((31, "RoleNotFound"), (unknown.Code, unknown.CodeName));
        await app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ updateUser: 'u', pwd: 'two' }"));

        await server.StopAsync();
        await server.StartAgainAsync();
        using (var client = Client(server, "u", "two", "app"))
        {
            Assert.Empty(await client.GetDatabase("app").GetCollection<BsonDocument>("c").Find("{}").ToListAsync());
        }

        var shown = await app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ usersInfo: 'u' }"));
        Assert.Equal("read", shown["users"][0]["roles"][0]["role"]);
        Assert.False(shown["users"][0].AsBsonDocument.Contains("credentials"));
        await app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ dropUser: 'u' }"));
        var gone = await Assert.ThrowsAsync<MongoCommandException>(() => app.RunCommandAsync<BsonDocument>(BsonDocument.Parse("{ dropUser: 'u' }")));
        Assert.Equal((11, "UserNotFound"), (gone.Code, gone.CodeName));
    }

    [Fact]
    public async Task With_TLS_a_client_has_to_trust_the_certificate()
    {
        using var certificates = new Certificates();
        var certificate = certificates.Issue(false, "127.0.0.1");
        var file = Path.Combine(Path.GetDirectoryName(certificate.KeyFile)!, "both.pem");
        await File.WriteAllTextAsync(file, File.ReadAllText(certificate.CertificateFile) + "\n" + File.ReadAllText(certificate.KeyFile));
        await using var server = await MongoDbServer.StartAsync(new MongoServerOptions { CertificateKeyFile = file });

        using var trusting = server.CreateClient(settings => settings.AllowInsecureTls = true);
        await trusting.GetDatabase("app").GetCollection<BsonDocument>("c").InsertOneAsync(new BsonDocument("_id", 1));
        using var suspicious = server.CreateClient(settings => settings.ServerSelectionTimeout = TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<TimeoutException>(() => suspicious.GetDatabase("app").GetCollection<BsonDocument>("c").Find("{}").ToListAsync());
    }

    [Fact]
    public async Task Without_TLS_a_client_that_begins_a_handshake_is_hung_up_on()
    {
        await using var server = await MongoDbServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Port);
        using var secured = new SslStream(client.GetStream());
        var refused = await Assert.ThrowsAnyAsync<Exception>(
            () => secured.AuthenticateAsClientAsync("127.0.0.1").WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.True(refused is IOException or System.Security.Authentication.AuthenticationException, $"{refused}");
    }

    private static Task CreateRootAsync(MongoDbServer server) => server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
        BsonDocument.Parse("{ createUser: 'root', pwd: 'secret', roles: ['root'] }"));

    private static MongoClient Client(MongoDbServer server, string name, string password, string database = "admin") =>
        server.CreateClient(settings => settings.Credential = MongoCredential.CreateCredential(database, name, password));
}
