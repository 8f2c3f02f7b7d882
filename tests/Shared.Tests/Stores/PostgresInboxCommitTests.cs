using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A handler's commit whose connection is lost before, in or after it.</summary>
public sealed class PostgresInboxCommitTests(PostgresServer server) : PostgresInboxThroughProxy(server, keepsSessions: true)
{
    private const string Commit = "COMMIT\0";

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
            Proxy.CutOnce(Commit, PostgresProxy.Moment.Answered);
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
            Proxy.CutOnce(Commit, PostgresProxy.Moment.Sent);
            try
            {
                outcome = await transaction.CommitAsync(Ct);
            }
            catch (NpgsqlException)
            {
                // The record was read before the server came to it.
            }
        }

        if (outcome is null && await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct))
        {
            await Eventually.TrueAsync(
                async () => (long)(await Store.Schema.ScalarAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE '%' || $1 || '%' AND pid <> pg_backend_pid()",
                    Store.Schema.Options.Schema))! == 0,
                "the server is done with it");
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
            Proxy.CutOnce(Commit, PostgresProxy.Moment.NotSent);
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync(Ct));
        }

        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal(2, (await ClaimAsync(Repository)).Deliveries);
    }

    [Fact]
    public async Task A_commit_that_the_server_is_at_while_the_outcome_is_read_is_waited_for()
    {
        await Store.Schema.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('held', 0)");
        await using var connection = await Store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var holding = await connection.BeginTransactionAsync(Ct);
        await using (var hold = new NpgsqlCommand(
            Store.Schema.Fill("SELECT 1 FROM {{schema}}.effects WHERE name = 'held' FOR UPDATE"), connection, holding))
        {
            await hold.ExecuteNonQueryAsync(Ct);
        }

        // The commit looks at its deferred conditions first, and waits for the row. Then the client loses its connection.
        await using var transaction = await Repository.BeginAsync(await ClaimAsync(Repository), Ct);
        await Store.EnlistEffectAsync(transaction, "a");
        await Store.ExecuteAsync(transaction, "INSERT INTO {{schema}}.needs_effect VALUES ('held')");
        var process = (await transaction.GetNpgsqlTransactionAsync(Ct)).Connection!.ProcessID;
        Proxy.Once(Commit, PostgresProxy.Moment.Sent, async wire =>
        {
            await Eventually.TrueAsync(
                async () => (long)(await Store.Schema.ScalarAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", process))! == 1,
                "the server is at the commit");
            wire.CutClient();
        });
        var committing = transaction.CommitAsync(Ct);
        await Eventually.TrueAsync(
            async () => (long)(await Store.Schema.ScalarAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 || '%FOR UPDATE'",
                Store.Schema.Fill("SELECT status FROM {{inbox}}")))! == 1,
            "the reader waits");
        await holding.RollbackAsync(Ct);

        Assert.Equal(CommitOutcome.Committed, await committing);
        Assert.Equal(1, await Store.EffectsAsync("a"));
    }

    [Fact]
    public async Task A_commit_that_reaches_the_server_after_its_attempt_was_failed_changes_nothing()
    {
        var claim = await ClaimAsync(Repository);
        var goOn = new TaskCompletionSource();
        int process;
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await Store.EnlistEffectAsync(transaction, "a");
            transaction.Emit(Sample.Event("emitted"));
            process = (await transaction.GetNpgsqlTransactionAsync(Ct)).Connection!.ProcessID;
            Proxy.Once(Commit, PostgresProxy.Moment.NotSent, async wire =>
            {
                wire.CutClient();
                await goOn.Task;
            });
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync(Ct));
        }

        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        goOn.SetResult();
        await Eventually.TrueAsync(
            async () => (long)(await Store.Schema.ScalarAsync("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", process))! == 0,
            "the server is done with it");
        await AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task A_connection_that_the_server_ends_in_the_midst_of_a_handler_commits_nothing()
    {
        var claim = await ClaimAsync(Repository);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            await Store.EnlistEffectAsync(transaction, "a");
            var postgres = await transaction.GetNpgsqlTransactionAsync(Ct);
            await Store.Schema.ScalarAsync("SELECT pg_terminate_backend($1)", postgres.Connection!.ProcessID);
            await Assert.ThrowsAnyAsync<Exception>(() => transaction.CommitAsync(Ct));
        }

        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
    }

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
