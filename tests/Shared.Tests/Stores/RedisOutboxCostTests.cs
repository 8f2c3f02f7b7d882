using System.Globalization;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What a poll costs the server, by the commands that its scripts execute.</summary>
public sealed class RedisOutboxCostTests
{
    private const int Many = 1_000_000;

    private const string Fill = """
        for i = ARGV[1], ARGV[2] do
          redis.call('ZADD', KEYS[1], i, '\0\0sent-' .. i .. '\0')
          if i % 4 == 0 then
            local member = 'parked-' .. i .. '\0' .. string.format('%016.0f', i) .. '\0parked-' .. i .. '\0' .. i
            redis.call('ZADD', KEYS[2], i, member)
            redis.call('ZADD', KEYS[3], 0, member)
            redis.call('ZADD', KEYS[3], 0, 'parked-' .. i .. '\0' .. string.format('%016.0f', i + 1e9) .. '\0behind-' .. i .. '\0' .. i)
          end
        end
        """;

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_million_rows_that_are_sent_or_parked_or_wait_cost_a_claim_nothing()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "no");
        var store = await RedisOutboxHarness.CreateAsync(server);
        await CostOfADrainAsync(server, store);
        var before = await CostOfADrainAsync(server, store);
        var tag = Bucket.All(store.Options)[0].Tag;
        for (var from = 1; from < Many; from += 20_000)
        {
            await store.Database.ScriptEvaluateAsync(Fill, [$"{tag}:sent", $"{tag}:failed", $"{tag}:lines"], [from, from + 19_999]);
        }

        var after = await CostOfADrainAsync(server, store);

        Assert.Equal(before.OrderBy(command => command.Key), after.OrderBy(command => command.Key));
        Assert.True(before.Values.Sum() > 50, "the commands were counted");
    }

    [Fact]
    public async Task Rows_that_wait_for_their_time_or_behind_others_cost_a_claim_nothing()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "no");
        var store = await RedisOutboxHarness.CreateAsync(server);
        await CostOfADrainAsync(server, store);
        var before = await CostOfADrainAsync(server, store);
        await store.Repository.FindOrCreateAsync(Sample.Event("head") with { OrderingKey = "slow", AvailableAt = store.Now.AddDays(1) }, Ct);
        for (var i = 0; i < 500; i++)
        {
            await store.Repository.FindOrCreateAsync(Sample.Event($"behind-{i}") with { OrderingKey = "slow" }, Ct);
            await store.Repository.FindOrCreateAsync(Sample.Event($"later-{i}") with { AvailableAt = store.Now.AddDays(1) }, Ct);
        }

        Assert.Equal(
            before.OrderBy(command => command.Key), (await CostOfADrainAsync(server, store)).OrderBy(command => command.Key));
    }

    // Ten rows are written, claimed and sent. How often each command was executed meanwhile.
    private static async Task<Dictionary<string, long>> CostOfADrainAsync(RedisServer server, RedisOutboxHarness store)
    {
        var run = Guid.NewGuid();
        for (var i = 0; i < 10; i++)
        {
            await store.Repository.FindOrCreateAsync(Sample.Event($"{run}-{i}") with { OrderingKey = i % 2 == 0 ? $"{run}" : null }, Ct);
        }

        await server.Multiplexer.GetServers()[0].ConfigResetStatisticsAsync();
        var claims = await store.Repository.ClaimAsync(100, Lease, Ct);
        Assert.Equal(10, claims.Count);
        await store.Repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
        Assert.Empty(await store.Repository.ClaimAsync(100, Lease, Ct));
        var stats = await server.Multiplexer.GetServers()[0].InfoAsync("commandstats");
        return stats.SelectMany(section => section)
            .Where(command => command.Key.StartsWith("cmdstat_z", StringComparison.Ordinal)
                || command.Key.StartsWith("cmdstat_h", StringComparison.Ordinal))
            .ToDictionary(
                command => command.Key,
                command => long.Parse(command.Value.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture),
                StringComparer.Ordinal);
    }
}
