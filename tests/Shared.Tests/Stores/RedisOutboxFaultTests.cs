using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A server that is full, forgets scripts, or is killed.</summary>
public sealed class RedisOutboxFaultTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AfterSending.Keep)]
    [InlineData(AfterSending.Delete)]
    public async Task A_full_server_takes_no_rows_and_is_relayed_empty(AfterSending afterSending)
    {
        await using var server = await RedisServer.StartAsync();
        var store = await RedisOutboxHarness.CreateAsync(server, new RedisOptions { AfterSending = afterSending });
        foreach (var i in Enumerable.Range(0, 6))
        {
            await store.Repository.FindOrCreateAsync(Sample.Event($"e-{i}") with { OrderingKey = i % 2 == 0 ? "a" : null }, Ct);
        }

        await server.Multiplexer.GetDatabase().ExecuteAsync("CONFIG", "SET", "maxmemory", "1");

        var refused = await Assert.ThrowsAnyAsync<RedisException>(() => store.Repository.FindOrCreateAsync(Sample.Event("new"), Ct));
        Assert.True(RedisFaults.IsTransient(refused));
        var writer = new RedisOutboxWriter(server.Multiplexer, store.Options) { Patience = TimeSpan.FromSeconds(1) };
        var business = new RedisCommands(RedisWrite.Set($"x:{writer.GetTag("")}", "1"));
        // Where the patience ends while an answer is on its way, the outcome is rightly unknown, and the same call is made again.
        await Eventually.TrueAsync(
            async () => await Record.ExceptionAsync(() => writer.ExecuteWithOutboxAsync(business, Sample.Event("new"), Ct)) is RedisException,
            "the writer tells the server's refusal");
        Assert.Null(await store.ReadAsync("new"));
        Assert.False(await store.Database.KeyExistsAsync($"x:{writer.GetTag("")}"));

        var claims = await store.Repository.ClaimAsync(100, Lease, Ct);
        Assert.Equal(6, claims.Count);
        Assert.All(claims, claim => Assert.Null(claim.Violation));
        await store.Repository.RetryAsync([new(claims[5].EventId, claims[5].Token, 1, TimeSpan.Zero, "publish.unknown", "lost")], Ct);
        var result = await store.Repository.MarkSentAsync([.. claims.Take(5).Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct);
        Assert.Equal((5, 0, 0), (result.Applied, result.Late.Count, result.Unrecorded.Count));
        Assert.Single(await store.Repository.ClaimAsync(100, Lease, Ct));
    }

    [Fact]
    public async Task Scripts_that_the_server_has_forgotten_are_loaded_again()
    {
        await using var server = await RedisServer.StartAsync();
        var store = await RedisOutboxHarness.CreateAsync(server);
        for (var i = 0; i < 3; i++)
        {
            await server.Multiplexer.GetServers()[0].ScriptFlushAsync();
            await store.Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct);
            await server.Multiplexer.GetServers()[0].ScriptFlushAsync();
            var claim = Assert.Single(await store.Repository.ClaimAsync(10, Lease, Ct));
            await server.Multiplexer.GetServers()[0].ScriptFlushAsync();
            Assert.Equal(1, (await store.Repository.MarkSentAsync([new(claim.EventId, claim.Token)], Ct)).Applied);
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_and_started_again_has_every_row_and_claim()
    {
        await using var server = await RedisServer.StartAsync();
        await using var multiplexer = await server.ConnectAsync();
        var store = await RedisOutboxHarness.CreateAsync(multiplexer);
        await store.Repository.FindOrCreateAsync(Sample.Event("e-1") with { OrderingKey = "a" }, Ct);
        await store.Repository.FindOrCreateAsync(Sample.Event("e-2") with { OrderingKey = "a" }, Ct);
        var claim = Assert.Single(await store.Repository.ClaimAsync(1, Lease, Ct));
        await server.StopAtOnceAsync();

        var away = await Assert.ThrowsAnyAsync<Exception>(() => store.Repository.ClaimAsync(10, Lease, Ct));
        Assert.True(RedisFaults.IsTransient(away));
        Assert.Equal(["e-1"], (await store.Repository.MarkSentAsync([new("e-1", claim.Token)], Ct)).Unrecorded);

        await server.StartAgainAsync();
        await Eventually.TrueAsync(
            async () => (await store.Repository.MarkSentAsync([new("e-1", claim.Token)], Ct)).Applied == 1, "the claim is still ours");
        Assert.Equal(["e-2"], (await store.Repository.ClaimAsync(10, Lease, Ct)).Select(row => row.EventId));
    }

    [Fact]
    public async Task A_claim_whose_answer_is_lost_is_claimed_by_its_own_next_try()
    {
        await using var server = await RedisServer.StartAsync();
        var store = await RedisOutboxHarness.CreateAsync(server);
        await store.Repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        await store.Repository.FindOrCreateAsync(Sample.Event("e-2") with { OrderingKey = "a" }, Ct);
        await using var impatient = await ConnectionMultiplexer.ConnectAsync($"{server.Address},asyncTimeout=500,abortConnect=false");
        var repository = store.CreateRepository(impatient);
        Assert.Single(await repository.ClaimAsync(1, Lease, Ct));

        server.Halt();
        var claiming = repository.MarkAsPublishingAsync("e-2", Lease, Ct);
        await Task.WhenAny(claiming, Task.Delay(TimeSpan.FromSeconds(1), Ct));
        server.Resume();

        var claim = await claiming;
        Assert.Equal("e-2", claim?.EventId);
        Assert.Equal(0, claim!.Unfinished);
    }
}
