using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A handler's commit whose connection is lost before, in or after it.</summary>
public sealed class MySqlInboxCommitTests(MySqlServer server) : MySqlInboxThroughProxy(server)
{
    // It stands before the COMMIT, in the same message. The word COMMIT is also in that of an isolation level.
    private const string Commit = "_complete`(";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_answer_is_lost_is_read_from_the_record(bool enlists)
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            transaction.Emit(Sample.Event("emitted"));

            // The server answers each statement of the message; the client gets none of it.
            Proxy.Once(Commit, WireProxy.Moment.Answered, async wire =>
            {
                await Eventually.TrueAsync(() => Store.Repository.IsProcessedAsync("billing", "e-1", Ct), "the server has committed");
                wire.Cut();
            });
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        await AssertAllHappenedAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_the_server_may_or_may_not_have_begun_happens_as_a_whole_or_can_be_failed(bool enlists)
    {
        var claim = await ClaimAsync(Repository);
        CommitOutcome? outcome = null;
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            transaction.Emit(Sample.Event("emitted"));
            Proxy.CutOnce(Commit, WireProxy.Moment.Sent);
            try
            {
                outcome = await transaction.CommitAsync(Ct);
            }
            catch (MySqlException)
            {
                // The record was read before the server came to it.
            }
        }

        if (outcome is null && await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct))
        {
            await NothingIsUnderWayAsync();
            await AssertNothingHappenedAsync();
        }
        else
        {
            Assert.True(outcome is null or CommitOutcome.Committed, $"{outcome}");
            await AssertAllHappenedAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_never_reached_the_server_is_no_success_and_the_attempt_can_be_failed(bool enlists)
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            Proxy.CutOnce(Commit, WireProxy.Moment.NotSent);
            await Assert.ThrowsAsync<MySqlException>(() => transaction.CommitAsync(Ct));
        }

        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal(2, (await ClaimAsync(Repository)).Deliveries);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_the_server_comes_to_after_the_attempt_was_failed_changes_nothing(bool enlists)
    {
        // The server waits before it comes to the mark, and the client is gone meanwhile.
        await Store.Schema.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('held', 0)");
        await using var connection = await Store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var holding = await connection.BeginTransactionAsync(Ct);
        await using (var hold = new MySqlCommand(
            Store.Schema.Fill("SELECT 1 FROM {{schema}}.effects WHERE name = 'held' FOR UPDATE"), connection, holding))
        {
            await hold.ExecuteNonQueryAsync(Ct);
        }

        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await WriteEffectAsync(transaction, enlists);
            Store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'held'");
            transaction.Emit(Sample.Event("emitted"));
            Proxy.Once(Commit, WireProxy.Moment.Sent, async wire =>
            {
                await Store.SomebodyWaitsAsync("UPDATE {{schema}}.effects");
                wire.CutClient();
            });
            await Assert.ThrowsAsync<MySqlException>(() => transaction.CommitAsync(Ct));
        }

        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        await holding.RollbackAsync(Ct);
        await NothingIsUnderWayAsync();
        await AssertNothingHappenedAsync();
        Assert.Equal(0, await Store.EffectsAsync("held"));
    }

    [Fact]
    public async Task A_connection_that_the_server_ends_in_the_midst_of_a_handler_commits_nothing()
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await Store.EnlistEffectAsync(transaction, "a");
            var mySql = await transaction.GetMySqlTransactionAsync(Ct);
            await Store.Schema.ExecuteAsync($"KILL CONNECTION {mySql.Connection!.ServerThread}");
            await Assert.ThrowsAnyAsync<Exception>(() => transaction.CommitAsync(Ct));
        }

        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
    }

    private Task NothingIsUnderWayAsync() => Eventually.TrueAsync(
        async () => (long)(await Store.Schema.ScalarAsync(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE command <> 'Sleep' AND LOCATE(?, info) > 0 AND id <> CONNECTION_ID()",
            Store.Schema.Options.Schema))! == 0,
        "the server is done with it");

    private async Task AssertAllHappenedAsync()
    {
        Assert.Equal(InboxStatus.Processed, (await Store.Repository.FindAsync("billing", "e-1", Ct))!.Status);
        Assert.Equal(1, await Store.EffectsAsync("a"));
        Assert.NotNull(await Store.Outbox.FindAsync("emitted", Ct));
    }

    private async Task AssertNothingHappenedAsync()
    {
        Assert.Equal(InboxStatus.Failed, (await Store.Repository.FindAsync("billing", "e-1", Ct))!.Status);
        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.Null(await Store.Outbox.FindAsync("emitted", Ct));
    }

    private Task WriteEffectAsync(IMessageTransaction transaction, bool enlists)
    {
        if (!enlists)
        {
            return Store.EnlistEffectAsync(transaction, "a");
        }

        Store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 1)");
        return Task.CompletedTask;
    }
}
