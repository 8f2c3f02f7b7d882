using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What Setup lets users do, and what the server then refuses them.</summary>
public sealed class RedisRolesTests : IAsyncLifetime
{
    private static readonly RedisOptions Keys = new() { Buckets = 2 };

    private RedisServer? _server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private RedisServer Server => _server!;

    private IServer Administrator => Server.Multiplexer.GetServers()[0];

    public async ValueTask InitializeAsync() => _server = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    [Fact]
    public async Task The_functions_user_can_do_what_the_functions_do_and_the_app_what_writers_do()
    {
        await SetUpAsync();
        await using var functions = Connect("functions");
        var outbox = new RedisOutboxRepository(functions, Keys, TimeProvider.System, SystemEntropy.Instance);
        await outbox.FindOrCreateAsync(Event("e-1"), Ct);

        await using var app = Connect("app");
        await app.UseAsync(database => OutboxInsert.RunAsync(database, Keys, OutboxInsert.BucketOf(Keys, Event("e-2")), [Event("e-2")]), Ct);
        await app.UseAsync(
            database => OutboxInsert.RunAsync(
                database, Keys, new Bucket(Keys.KeyPrefix, 1), [Event("e-3")],
                new RedisCommands(RedisWrite.Set($"order:{new Bucket(Keys.KeyPrefix, 1).Tag}:7", "x"))),
            Ct);

        var claims = await outbox.ClaimAsync(10, TimeSpan.FromSeconds(30), Ct);
        Assert.Equal(["e-1", "e-2", "e-3"], claims.Select(claim => claim.EventId).Order(StringComparer.Ordinal));
        Assert.Equal(3, (await outbox.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct)).Applied);
        Assert.Equal(3, (await outbox.GetCountByStatusAsync(Ct))["sent"]);
        await outbox.OldestDueAgeAsync(Ct);
        await outbox.ReconcileAsync(TimeSpan.Zero, null, 10, Ct);
        await outbox.ResetStaleAsync(TimeSpan.Zero, null, 10, Ct);
        await outbox.CleanupAsync(TimeSpan.Zero, TimeSpan.Zero, null, 10, Ct);
        await functions.UseMultiplexerAsync(
            async (multiplexer, _) =>
            {
                await multiplexer.GetSubscriber().SubscribeAsync(OutboxNames.Channel(Keys), (_, _) => { });
                return 0;
            },
            Ct);
    }

    [Fact]
    public async Task Nobody_can_do_more()
    {
        await SetUpAsync();
        await using var app = Connect("app");
        await using var functions = Connect("functions");
        var tag = new Bucket(Keys.KeyPrefix, 0).Tag;
        await RefusedAsync(app, database => database.HashGetAllAsync($"{tag}:inbox:x"));
        await RefusedAsync(app, database => database.HashSetAsync($"{tag}:inbox:x", "status", "processed"));
        await RefusedAsync(app, database => database.HashSetAsync($"{tag}:job:cleanup", "cursor", "x"));
        await RefusedAsync(app, database => database.StringSetAsync("theirs", "x"));
        await RefusedAsync(app, database => database.ScriptEvaluateAsync("return redis.call('KEYS', '*')"));
        await RefusedAsync(app, database => database.ExecuteAsync("FLUSHALL"));
        await RefusedAsync(functions, database => database.StringSetAsync("theirs", "x"));
        await RefusedAsync(functions, database => database.ExecuteAsync("FLUSHALL"));
        await RefusedAsync(functions, database => database.ExecuteAsync("CONFIG", "GET", "*"));
        await RefusedAsync(functions, database => database.ExecuteAsync("ACL", "LIST"));
        await RefusedAsync(functions, database => database.PublishAsync(RedisChannel.Literal("theirs"), "x"));
    }

    [Fact]
    public async Task Setup_can_run_again_and_keeps_what_else_a_user_has()
    {
        await Administrator.ExecuteAsync("ACL", "SETUSER", "app", "~mine:*", "+zcard");
        await SetUpAsync();
        await SetUpAsync();
        await using var app = Connect("app");
        await app.UseAsync(database => database.SortedSetLengthAsync("mine:1"), Ct);
    }

    [Fact]
    public async Task A_user_who_is_not_there_is_named_with_what_to_do()
    {
        await using var administrator = Connect("administrator");
        await Administrator.ExecuteAsync("ACL", "SETUSER", "administrator", "on", ">password", "~*", "&*", "+@all");
        var refused = await Assert.ThrowsAsync<RedisSchemaException>(() => new RedisSetup(
            administrator, Keys, new RedisRoles { FunctionsUser = "nobody" }, NullLogger<RedisSetup>.Instance).RunAsync(Ct));
        Assert.Contains("The user 'nobody' is not there. Create it with a password", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_owner_who_may_not_give_rights_is_told_what_it_lacks()
    {
        await SetUpAsync();
        await Administrator.ExecuteAsync("ACL", "SETUSER", "owner", "on", ">password", "~*", "&*", "+@all", "-acl", "+acl|whoami");
        await using var owner = Connect("owner");
        var refused = await Assert.ThrowsAsync<RedisSchemaException>(() => new RedisSetup(
            owner, Keys, new RedisRoles { FunctionsUser = "functions" }, NullLogger<RedisSetup>.Instance).RunAsync(Ct));
        Assert.Contains("Setup's user may not give rights to users (ACL SETUSER)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_server_makes_no_users_Setup_says_what_to_create()
    {
        await using var own = await RedisServer.StartAsync("--rename-command", "ACL", "");
        await using var connections = new RedisConnections(
            new RedisConnectionOptions { Url = $"redis://{own.Address}" }, Keys, new NoSecrets());
        var log = new RecordingLogger<RedisSetup>();
        await new RedisSetup(connections, Keys, new RedisRoles { FunctionsUser = "functions", AppUsers = ["app"] }, log).RunAsync(Ct);
        foreach (var user in new[] { "functions", "app" })
        {
            Assert.Contains(
                log.Lines, line => line.Contains($"Create the user {user} there with the access string: on +hello", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Without_a_file_of_users_Setup_warns_that_a_restart_forgets_the_rights()
    {
        var log = await SetUpAsync();
        Assert.Contains(log.Lines, line => line.StartsWith("1802 ", StringComparison.Ordinal));
    }

    private static OutboxEvent Event(string id) =>
        new() { EventId = id, Subject = "orders.placed", Payload = "{}", OrderingKey = id == "e-2" ? "k" : null };

    private static async Task RefusedAsync<T>(RedisConnections connections, Func<IDatabase, Task<T>> call)
    {
        var refused = await Assert.ThrowsAsync<RedisServerException>(() => connections.UseAsync(call, Ct));
        Assert.True(RedisFaults.IsOfRights(refused), refused.Message);
        Assert.Contains("does not allow the user ", connections.Explain(refused)!.Message, StringComparison.Ordinal);
    }

    private async Task<RecordingLogger<RedisSetup>> SetUpAsync()
    {
        foreach (var user in new[] { "functions", "app" })
        {
            await Administrator.ExecuteAsync("ACL", "SETUSER", user, "on", ">password");
        }

        // What the app does with its own keys is its own matter.
        await Administrator.ExecuteAsync("ACL", "SETUSER", "app", "~order:{relaybox:*}:*");
        var log = new RecordingLogger<RedisSetup>();
        await using var connections = new RedisConnections(Server.Multiplexer);
        await new RedisSetup(connections, Keys, new RedisRoles { FunctionsUser = "functions", AppUsers = ["app"] }, log).RunAsync(Ct);
        return log;
    }

    private RedisConnections Connect(string user) => new(
        new RedisConnectionOptions { Url = $"redis://{user}:password@{Server.Address}" }, Keys, new NoSecrets());
}
