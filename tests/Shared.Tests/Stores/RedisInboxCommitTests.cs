using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A handler's commit whose connection is lost before or after it, once or for long; and a server that is full.</summary>
public sealed class RedisInboxCommitTests(RedisServer server) : RedisInboxThroughProxy(server)
{
    [Theory]
    [InlineData(WireProxy.Moment.NotSent)]
    [InlineData(WireProxy.Moment.Sent)]
    [InlineData(WireProxy.Moment.Answered)]
    public async Task A_commit_without_an_answer_is_repeated_and_takes_effect_once(WireProxy.Moment moment)
    {
        await using (var transaction = await Repository.BeginAsync(await ClaimAsync(Repository), Ct))
        {
            Work(transaction);
            if (moment == WireProxy.Moment.Answered)
            {
                LoseAnswerOnce(Commit, IsProcessedAsync);
            }
            else
            {
                Proxy.CutOnce(Commit, moment);
            }

            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, Proxy.Met);
        await Store.AssertAllHappenedAsync();
    }

    [Fact]
    public async Task A_commit_whose_answers_are_all_lost_is_read_from_the_record()
    {
        await using (var transaction = await Repository.BeginAsync(await ClaimAsync(Repository), Ct))
        {
            Work(transaction);
            Proxy.CutAlways(Commit, WireProxy.Moment.Answered);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var committing = transaction.CommitAsync(patience.Token);
            await Eventually.TrueAsync(() => Proxy.Met > 1, "the commit is repeated");
            await patience.CancelAsync();
            Assert.Equal(CommitOutcome.Committed, await committing);
        }

        await Store.AssertAllHappenedAsync();
    }

    [Fact]
    public async Task A_commit_whose_answers_are_lost_until_its_tries_are_used_up_is_read_from_the_record()
    {
        await using var transaction = await Repository.BeginAsync(await ClaimAsync(Repository), Ct);
        Work(transaction);
        Proxy.CutAlways(Commit, WireProxy.Moment.Answered);
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        await Store.AssertAllHappenedAsync();
    }

    [Fact]
    public async Task A_commit_that_never_reaches_the_server_is_an_outage_and_the_attempt_can_be_given_back()
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            Work(transaction);
            Proxy.CutAlways(Commit, WireProxy.Moment.NotSent);
            var failure = await Assert.ThrowsAnyAsync<RedisException>(() => transaction.CommitAsync(Ct));
            Assert.True(Repository.IsOutage(failure), $"{failure}");
        }

        Assert.True(await Repository.ReleaseAsync(claim, ErrorCodes.StoreFailed, "away", Ct));
        await Store.AssertNothingHappenedAsync(InboxStatus.Failed);
        Assert.Equal(1, (await ClaimAsync(Repository)).Deliveries);
    }

    [Fact]
    public async Task A_commit_that_reaches_the_server_after_its_attempt_was_failed_changes_nothing()
    {
        var claim = await ClaimAsync(Repository);
        var (goOn, met) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            Work(transaction);
            Proxy.Once(Commit, WireProxy.Moment.NotSent, wire =>
            {
                met.SetResult();
                return goOn.Task;
            });
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var committing = transaction.CommitAsync(patience.Token);
            await met.Task;
            await patience.CancelAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => committing);
        }

        Assert.True(await Store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        goOn.SetResult();

        // What comes after it on the same connection is answered after it.
        Assert.Equal(2, (await ClaimAsync(Repository)).Deliveries);
        await Store.AssertNothingHappenedAsync(InboxStatus.Processing);
    }

    [Fact]
    public async Task A_script_that_the_server_has_forgotten_is_loaded_again()
    {
        await using var fragile = await RedisServer.StartAsync();
        var store = await RedisInboxHarness.CreateAsync(fragile);
        foreach (var id in new[] { "e-1", "e-2" })
        {
            var claim = await ClaimAsync(store.Repository, id);
            await fragile.Multiplexer.GetServers()[0].ScriptFlushAsync();
            await using var transaction = await store.Repository.BeginAsync(claim, Ct);
            store.EnlistEffect(transaction, "a");
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
            await fragile.Multiplexer.GetServers()[0].ScriptFlushAsync();
        }

        Assert.Equal(2, await store.EffectsAsync("a"));
    }

    // A commit adds to the memory, as its effects do. A mark alone, or the end of an attempt, does not wait for memory: what was handled is
    // not handled again, and a handler is not blamed for the server.
    [Fact]
    public async Task A_full_server_is_an_outage_of_the_commit_and_no_attempt()
    {
        await using var full = await RedisServer.StartAsync();
        var store = await RedisInboxHarness.CreateAsync(full);
        var (claim, other) = (await ClaimAsync(store.Repository), await ClaimAsync(store.Repository, "e-2"));
        await full.Multiplexer.GetServers()[0].ConfigSetAsync("maxmemory", "1");
        await using (var transaction = await store.Repository.BeginAsync(claim, Ct))
        {
            store.EnlistEffect(transaction, "a");
            var failure = await Assert.ThrowsAnyAsync<RedisException>(() => transaction.CommitAsync(Ct));
            Assert.True(store.Repository.IsOutage(failure), $"{failure}");
        }

        Assert.True(store.Repository.IsOutage(await Assert.ThrowsAnyAsync<RedisException>(() => ClaimAsync(store.Repository, "e-3"))));
        Assert.True(await store.Repository.ReleaseAsync(claim, ErrorCodes.StoreFailed, "away", Ct));
        Assert.True(await store.Repository.MarkProcessedAsync(other, Ct));
        Assert.Equal(0, await store.EffectsAsync("a"));
        await full.Multiplexer.GetServers()[0].ConfigSetAsync("maxmemory", "0");
        Assert.Equal((1, 0), (await ClaimAsync(store.Repository) is var again ? (again.Deliveries, again.Unfinished) : default));
    }

    private void Work(IMessageTransaction transaction)
    {
        Store.EnlistEffect(transaction, "a");
        transaction.Emit(Sample.Event("emitted"));
    }

    private Task<bool> IsProcessedAsync() => Store.Repository.IsProcessedAsync("billing", "e-1", Ct);
}
