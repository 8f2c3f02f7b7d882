using Relaybox.Redis;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

public sealed class RedisConnectionTests(RedisServer server)
{
    private const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:db-AbCdEf";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Setup_makes_every_bucket_once_and_calls_need_it()
    {
        var keys = new RedisOptions { KeyPrefix = RedisServer.UniquePrefix(), Buckets = 3 };
        await using var connections = Connections(server, keys);
        var missing = await Assert.ThrowsAsync<RedisSchemaException>(() => PingAsync(connections));
        Assert.True(await new RedisSetupState().IsMissingAsync(new InvalidOperationException("", missing), Ct));
        Assert.Contains(
            "are missing. Invoke the Setup function. It was the Redis server at ", connections.Explain(missing)!.Message, StringComparison.Ordinal);

        Assert.Equal(3, await SetUpAsync(connections, keys));
        Assert.Equal(0, await SetUpAsync(connections, keys));
        await PingAsync(connections);
        foreach (var bucket in Bucket.All(keys))
        {
            Assert.Equal(["1", "3"], (await Database.HashGetAsync(bucket.Schema, ["version", "buckets"])).ToStringArray());
        }
    }

    [Fact]
    public async Task A_Setup_that_was_interrupted_is_completed_by_the_next()
    {
        var keys = new RedisOptions { KeyPrefix = RedisServer.UniquePrefix(), Buckets = 4 };
        await using var connections = Connections(server, keys);
        await SetUpAsync(connections, keys);
        await Database.KeyDeleteAsync([new Bucket(keys.KeyPrefix, 0).Schema, new Bucket(keys.KeyPrefix, 1).Schema]);
        await Assert.ThrowsAsync<RedisSchemaException>(() => PingAsync(connections));
        Assert.Equal(2, await SetUpAsync(connections, keys));
        await PingAsync(connections);
    }

    [Theory]
    [InlineData("version", "2", "those of version 2, which is newer than this build's (1). Deploy the newer build.")]
    [InlineData("version", "0", "those of version 0; this build needs version 1. Invoke the Setup function.")]
    [InlineData("buckets", "5", "divided into 5 buckets, and REDIS_BUCKETS says 1. Set it to 5;")]
    public async Task Another_version_or_number_of_buckets_is_refused(string field, string value, string part)
    {
        var keys = new RedisOptions { KeyPrefix = RedisServer.UniquePrefix() };
        await using var connections = Connections(server, keys);
        await SetUpAsync(connections, keys);
        await Database.HashSetAsync(new Bucket(keys.KeyPrefix, 0).Schema, field, value);
        var refused = await Assert.ThrowsAsync<RedisSchemaException>(() => PingAsync(connections));
        Assert.Contains(part, connections.Explain(refused)!.Message, StringComparison.Ordinal);
        Assert.False(await new RedisSetupState().IsMissingAsync(refused, Ct));
        if (value == "0")
        {
            Assert.Equal(1, await SetUpAsync(connections, keys));
            await PingAsync(connections);
        }
        else
        {
            await Assert.ThrowsAsync<RedisSchemaException>(() => SetUpAsync(connections, keys));
        }
    }

    [Theory]
    [InlineData("volatile-lru")]
    [InlineData("allkeys-random")]
    public async Task A_server_that_evicts_keys_is_refused(string policy)
    {
        await using var own = await RedisServer.StartAsync("--maxmemory-policy", policy);
        await using var connections = Connections(own);
        var refused = await Assert.ThrowsAsync<RedisServerRefusedException>(() => PingAsync(connections));
        Assert.Contains("its maxmemory-policy is not noeviction", connections.Explain(refused)!.Message, StringComparison.Ordinal);

        // What an operator puts right is seen without a restart.
        await own.Multiplexer.GetServers()[0].ConfigSetAsync("maxmemory-policy", "noeviction");
        await SetUpAsync(connections, new RedisOptions());
        await PingAsync(connections);
    }

    [Theory]
    [InlineData("6.2.14", null, "The server is Redis 6.2.14. The store needs Redis 7.0")]
    [InlineData("7.0.0", "noeviction", null)]
    [InlineData("8.2.1", null, null)]
    [InlineData(null, null, null)]
    public void A_server_that_is_too_old_is_refused(string? version, string? policy, string? part)
    {
        var refused = Record.Exception(() => RedisServerCheck.Require(version, policy));
        Assert.Contains(part ?? "", refused?.Message ?? "", StringComparison.Ordinal);
        Assert.Equal(part is null, refused is null);
    }

    [Fact]
    public async Task A_rotated_password_is_read_again_once_and_then_kept()
    {
        await using var own = await RedisServer.StartAsync();
        await own.Multiplexer.GetServers()[0].ExecuteAsync("ACL", "SETUSER", "relay", "on", ">first", "~*", "&*", "+@all");
        var secrets = new Secrets { Text = Secret(own, "first") };
        var keys = new RedisOptions();
        await using var connections = new RedisConnections(new RedisConnectionOptions { SecretArn = Arn }, keys, secrets);
        await SetUpAsync(connections, keys);
        await PingAsync(connections);

        // Where the password is refused the client goes on as the default user, if that may do anything.
        await own.Multiplexer.GetServers()[0].ExecuteAsync("ACL", "SETUSER", "default", "off");
        await own.Multiplexer.GetServers()[0].ExecuteAsync("ACL", "SETUSER", "relay", "resetpass", ">second");
        await own.Multiplexer.GetServers()[0].ExecuteAsync("CLIENT", "KILL", "USER", "relay");
        secrets.Text = Secret(own, "second");

        // The first call may be the one that finds out that the connection is gone.
        for (var i = 0; i < 3; i++)
        {
            await connections.Retries(TimeProvider.System, SystemEntropy.Instance).RunAsync((_, _) => PingAsync(connections), Ct);
        }

        Assert.Equal(2, secrets.Reads);
    }

    [Fact]
    public async Task Wrong_credentials_are_read_again_once_and_then_an_error()
    {
        await using var own = await RedisServer.StartAsync();
        var secrets = new Secrets { Text = Secret(own, "canary") };
        await using var connections = new RedisConnections(new RedisConnectionOptions { SecretArn = Arn }, new RedisOptions(), secrets);

        var refused = await Assert.ThrowsAsync<RedisConnectionException>(() => PingAsync(connections));

        Assert.Equal(2, secrets.Reads);
        Assert.False(RedisFaults.IsTransient(refused));
        Assert.Equal(
            $"The Redis server at {own.Address} refuses the user 'relay' or its password. Put the right ones into the secret {Arn}.",
            connections.Explain(refused)!.Message);
        Assert.DoesNotContain("canary", $"{connections.Explain(refused)}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_primary_that_became_a_replica_is_left_and_found_again_when_it_is_one_no_more()
    {
        await using var own = await RedisServer.StartAsync();
        await using var connections = Connections(own);
        await SetUpAsync(connections, new RedisOptions());
        await WriteAsync(connections);
        var before = await connections.UseMultiplexerAsync((multiplexer, _) => Task.FromResult(multiplexer), Ct);
        await own.Multiplexer.GetServers()[0].ExecuteAsync("REPLICAOF", "127.0.0.1", "1");
        var failure = await Assert.ThrowsAsync<RedisServerException>(() => WriteAsync(connections));
        Assert.True(RedisFaults.IsTransient(failure) && RedisFaults.IsOfReadOnlyServer(failure), failure.ToString());
        Assert.Contains("is read-only (READONLY)", connections.Explain(failure)!.Message, StringComparison.Ordinal);

        var tries = 0;
        await connections.Retries(new SkippingTimeProvider(), SystemEntropy.Instance).RunAsync(
            async (attempt, _) =>
            {
                if ((tries = attempt) == 2)
                {
                    await own.Multiplexer.GetServers()[0].ExecuteAsync("REPLICAOF", "NO", "ONE");
                }

                await WriteAsync(connections);
                return 0;
            },
            Ct);
        Assert.Equal(2, tries);
        Assert.NotSame(before, await connections.UseMultiplexerAsync((multiplexer, _) => Task.FromResult(multiplexer), Ct));
    }

    [Fact]
    public async Task A_server_that_was_killed_is_found_again_with_its_data()
    {
        await using var own = await RedisServer.StartAsync("--appendfsync", "always");
        await using var connections = Connections(own);
        await SetUpAsync(connections, new RedisOptions());
        await WriteAsync(connections);
        await own.StopAtOnceAsync();
        var failure = await Record.ExceptionAsync(() => PingAsync(connections));
        Assert.True(RedisFaults.IsTransient(failure!), $"{failure}");
        failure = await Record.ExceptionAsync(() => PingAsync(connections));
        Assert.Contains("cannot be reached: nothing listens there", connections.Explain(failure!)!.Message, StringComparison.Ordinal);
        await own.StartAgainAsync();
        Assert.Equal("1", await connections.UseAsync(database => database.StringGetAsync("{relaybox:0}x"), Ct));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_by_the_callers_token()
    {
        await using var own = await RedisServer.StartAsync();
        await using var connections = Connections(own);
        await SetUpAsync(connections, new RedisOptions());
        own.Halt();
        try
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connections.UseAsync(database => database.PingAsync(), soon.Token));
        }
        finally
        {
            own.Resume();
        }

        await PingAsync(connections);
    }

    [Fact]
    public async Task A_connection_of_the_callers_is_used_as_it_is_and_not_disposed()
    {
        await using (var connections = new RedisConnections(server.Multiplexer))
        {
            await PingAsync(connections);
        }

        await server.Multiplexer.GetDatabase().PingAsync();
    }

    [Fact]
    public async Task A_replica_set_by_sentinels_is_found_by_its_name()
    {
        await using var own = await RedisServer.StartAsync();
        await using var sentinel = await RedisSentinel.StartAsync("prim", own.Port);
        await using var connections = new RedisConnections(
            new RedisConnectionOptions { Url = $"redis://127.0.0.1:{sentinel.Port}?sentinel=prim" }, new RedisOptions(), new Secrets());
        await SetUpAsync(connections, new RedisOptions());
        await WriteAsync(connections);
        Assert.Equal("1", await own.Multiplexer.GetDatabase().StringGetAsync("{relaybox:0}x"));

        await using var unknown = new RedisConnections(
            new RedisConnectionOptions { Url = $"redis://127.0.0.1:{sentinel.Port}?sentinel=other" }, new RedisOptions(), new Secrets());
        var failure = await Record.ExceptionAsync(() => PingAsync(unknown));
        Assert.Contains("sentinels of which none names a primary", unknown.Explain(failure!)!.Message, StringComparison.Ordinal);
    }

    private IDatabase Database => server.Multiplexer.GetDatabase();

    private static RedisConnections Connections(RedisServer of, RedisOptions? keys = null) =>
        new(new RedisConnectionOptions { Url = $"redis://{of.Address}" }, keys ?? new RedisOptions(), new Secrets());

    private static Task<TimeSpan> PingAsync(RedisConnections connections) => connections.UseAsync(database => database.PingAsync(), Ct);

    private static Task<bool> WriteAsync(RedisConnections connections) =>
        connections.UseAsync(database => database.StringSetAsync("{relaybox:0}x", "1", flags: CommandFlags.DemandMaster), Ct);

    private static Task<int> SetUpAsync(RedisConnections connections, RedisOptions keys) =>
        new RedisSetup(connections, keys, new RedisRoles(), new RecordingLogger<RedisSetup>()).RunAsync(Ct);

    private static string Secret(RedisServer own, string password) =>
        $$"""{"host":"127.0.0.1","port":{{own.Port}},"username":"relay","password":"{{password}}"}""";

    private sealed class Secrets : ISecretSource
    {
        public string Text { get; set; } = "";

        public int Reads { get; private set; }

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken)
        {
            Reads++;
            return Task.FromResult(Text);
        }
    }
}
