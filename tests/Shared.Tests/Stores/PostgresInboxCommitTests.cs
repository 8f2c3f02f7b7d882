using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A handler's commit whose connection is lost before, in or after it.</summary>
public sealed class PostgresInboxCommitTests(PostgresServer server) : SqlInboxCommitConformance
{
    private protected override string Commit => "COMMIT\0";

    private PostgresInboxHarness Own => (PostgresInboxHarness)Store;

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() =>
        await PostgresInboxHarness.CreateAsync(server, keepsSessions: true);

    [Fact]
    public async Task A_commit_that_the_server_is_at_while_the_outcome_is_read_is_waited_for()
    {
        await Own.Schema.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('held', 0)");
        await using var connection = await Own.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var holding = await connection.BeginTransactionAsync(Ct);
        await using (var hold = new NpgsqlCommand(
            Own.Schema.Fill("SELECT 1 FROM {{schema}}.effects WHERE name = 'held' FOR UPDATE"), connection, holding))
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
                async () => (long)(await Own.Schema.ScalarAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", process))! == 1,
                "the server is at the commit");
            wire.CutClient();
        });
        var committing = transaction.CommitAsync(Ct);
        await Eventually.TrueAsync(
            async () => (long)(await Own.Schema.ScalarAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 || '%FOR UPDATE'",
                Own.Schema.Fill("SELECT status FROM {{inbox}}")))! == 1,
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
        await Store.ConnectionIsGoneAsync(process);
        await Store.AssertNothingHappenedAsync(InboxStatus.Failed);
    }
}
