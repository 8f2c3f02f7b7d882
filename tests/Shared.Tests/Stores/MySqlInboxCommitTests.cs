using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A handler's commit whose connection is lost before, in or after it.</summary>
public sealed class MySqlInboxCommitTests(MySqlServer server) : SqlInboxCommitConformance
{
    // It stands before the COMMIT, in the same message. The word COMMIT is also in that of an isolation level.
    private protected override string Commit => "_complete`(";

    private MySqlInboxHarness Own => (MySqlInboxHarness)Store;

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_the_server_comes_to_after_the_attempt_was_failed_changes_nothing(bool enlists)
    {
        // The server waits before it comes to the mark, and the client is gone meanwhile.
        await Own.Schema.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('held', 0)");
        await using var connection = await Own.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var holding = await connection.BeginTransactionAsync(Ct);
        await using (var hold = new MySqlCommand(
            Own.Schema.Fill("SELECT 1 FROM {{schema}}.effects WHERE name = 'held' FOR UPDATE"), connection, holding))
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
                await Own.SomebodyWaitsAsync("UPDATE {{schema}}.effects");
                wire.CutClient();
            });
            await Assert.ThrowsAsync<MySqlException>(() => transaction.CommitAsync(Ct));
        }

        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        await holding.RollbackAsync(Ct);
        await Store.NothingIsUnderWayAsync();
        await Store.AssertNothingHappenedAsync(InboxStatus.Failed);
        Assert.Equal(0, await Store.EffectsAsync("held"));
    }
}
