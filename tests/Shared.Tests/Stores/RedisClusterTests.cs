using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What a failover loses and what it does not, on a cluster of six servers.</summary>
public sealed class RedisClusterTests
{
    private static readonly RedisScript Insert = RedisScript.Load("outbox_insert");

    private static readonly RedisOptions Keys = new() { Buckets = 6 };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_replicas_confirmed_outlives_a_failover_and_what_they_did_not_is_told()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var connections = await ConnectAsync(cluster, waits: true);
        await using var own = await ConnectionMultiplexer.ConnectAsync($"{cluster.Addresses},asyncTimeout=10000");
        var durability = RedisDurability.Replicas(own, replicas: 1, within: TimeSpan.FromSeconds(2));
        var victim = new Bucket(Keys.KeyPrefix, 0);
        var confirmed = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            await WriteAsync(durability, new Bucket(Keys.KeyPrefix, i % Keys.Buckets), $"confirmed-{i}");
            confirmed.Add($"confirmed-{i}");
        }

        // The replica is away: what is written now the primary alone has.
        await cluster.KillReplicaAsync(victim.Schema);
        var soon = RedisDurability.Replicas(own, replicas: 1, within: TimeSpan.FromMilliseconds(200));
        for (var i = 0; i < 3; i++)
        {
            var id = $"told-{i}";
            if (await Record.ExceptionAsync(() => WriteAsync(soon, victim, id)) is not DurabilityUnknownException)
            {
                confirmed.Add(id);
            }

            Assert.True(await own.GetDatabase().KeyExistsAsync(victim.Row(id)));
        }

        await cluster.KillPrimaryAndStartReplicaAsync(victim.Schema);
        await cluster.StartAgainAsync();
        var calls = new RedisCalls(connections, Retries(connections));
        var lost = new List<string>();
        foreach (var id in confirmed)
        {
            var exists = false;
            for (var number = 0; number < Keys.Buckets && !exists; number++)
            {
                var row = new Bucket(Keys.KeyPrefix, number).Row(id);
                exists = await calls.RunAsync(database => database.KeyExistsAsync(row, CommandFlags.DemandMaster), Ct);
            }

            if (!exists)
            {
                lost.Add(id);
            }
        }

        Assert.Empty(lost);

        // That the others are gone shows that the test would see a loss.
        Assert.False(await calls.RunAsync(database => database.KeyExistsAsync(victim.Row("told-0"), CommandFlags.DemandMaster), Ct));
        Assert.Equal(60, confirmed.Count);
    }

    [Fact]
    public async Task A_drain_goes_on_through_failovers_until_every_row_is_sent()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var connections = await ConnectAsync(cluster, waits: false);
        await using var own = await ConnectionMultiplexer.ConnectAsync($"{cluster.Addresses},asyncTimeout=10000");
        var durability = RedisDurability.Replicas(own, replicas: 1, within: TimeSpan.FromSeconds(2));
        var ids = Enumerable.Range(0, 200).Select(i => $"event-{i}").ToList();
        foreach (var id in ids)
        {
            await WriteAsync(durability, Bucket.Of(Keys, id), id);
        }

        var outbox = new RedisOutboxRepository(connections, Keys, TimeProvider.System, SystemEntropy.Instance);
        var sent = new HashSet<string>();
        var round = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                switch (round++)
                {
                    case 2:
                        await cluster.FailoverAsync(new Bucket(Keys.KeyPrefix, 0).Schema);
                        break;
                    case 4:
                        await cluster.KillPrimaryAsync(new Bucket(Keys.KeyPrefix, 1).Schema);
                        break;
                }

                try
                {
                    sent.UnionWith(await DrainOnceAsync(outbox));
                }
                catch (Exception e) when (RedisFaults.IsOfServer(e))
                {
                    // As a sweep ends with it, and the next one goes on.
                }

                return sent.Count >= ids.Count;
            },
            "all rows are sent",
            TimeSpan.FromMinutes(2));
        Assert.Equal(ids.Order(StringComparer.Ordinal), sent.Order(StringComparer.Ordinal));
    }

    private static async Task<IEnumerable<string>> DrainOnceAsync(RedisOutboxRepository outbox)
    {
        var claims = await outbox.ClaimAsync(20, TimeSpan.FromSeconds(5), Ct);
        var result = await outbox.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
        return claims.Select(claim => claim.EventId).Except([.. result.Late, .. result.Unrecorded], StringComparer.Ordinal);
    }

    private static async Task WriteAsync(RedisDurability durability, Bucket bucket, string id)
    {
        var arguments = new ScriptArguments(bucket.Keys(), RedisSchema.Version, Keys.Buckets);
        OutboxInsert.Add(arguments, Keys, bucket, [new OutboxEvent { EventId = id, Subject = "orders.placed", Payload = "{}" }]);
        arguments.Add(new RedisCommands());
        arguments.Add(0);
        await durability.RunAsync(Insert, arguments.Keys, arguments.Values, Ct);
    }

    private static RetryLoop Retries(RedisConnections connections) => connections.Retries(TimeProvider.System, SystemEntropy.Instance);

    private static async Task<RedisConnections> ConnectAsync(RedisCluster cluster, bool waits)
    {
        var connections = new RedisConnections(
            new RedisConnectionOptions { Url = $"redis://{cluster.Addresses}", ConfirmingReplicas = waits ? 1 : 0 }, Keys, new NoSecrets());
        await new RedisSetup(connections, Keys, new RedisRoles(), new RecordingLogger<RedisSetup>()).RunAsync(Ct);
        return connections;
    }
}
