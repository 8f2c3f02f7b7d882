using System.Data;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Statements that a handler enlists, rather than executes.</summary>
public sealed class MySqlInboxEnlistTests(MySqlServer server) : IAsyncLifetime
{
    private MySqlInboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await MySqlInboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task What_is_enlisted_costs_no_connection_before_the_commit()
    {
        await using var nowhere = new MySqlDataSource("Server=127.0.0.1;Port=1;User ID=nobody");
        await using var transaction = await _store.CreateRepository(nowhere).BeginAsync(await ClaimAsync(), Ct);
        _store.Enlist(transaction, "SELECT 1");
        await Assert.ThrowsAsync<MySqlException>(() => transaction.CommitAsync(Ct));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_enlisted_runs_in_its_order_after_what_was_executed(bool alsoExecutes)
    {
        await _store.Schema.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('a', 0)");
        var claim = await ClaimAsync();
        await using (var transaction = await _store.Repository.BeginAsync(claim, Ct))
        {
            _store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = happened * 10 + 2 -- the second");
            _store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = happened * 10 + 3 WHERE name = ?;", "a");
            if (alsoExecutes)
            {
                await _store.ExecuteAsync(transaction, "UPDATE {{schema}}.effects SET happened = happened * 10 + 1");
            }

            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal(0, await _store.EffectsAsync("a"));
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(alsoExecutes ? 123 : 23, await _store.EffectsAsync("a"));
        Assert.NotNull(await _store.Outbox.FindAsync("emitted", Ct));
        Assert.True(await _store.Repository.IsProcessedAsync("billing", "e-1", Ct));
        await _store.AssertPoolIsSoundAsync();
    }

    [Theory]
    [InlineData("INSERT INTO {{schema}}.nowhere VALUES (1)", 1146)]
    [InlineData("SELECT 'an end that is missing", 1064)]
    [InlineData("SELECT 1 /* an end that is missing", 1064)]
    [InlineData("CALL {{schema}}.nowhere()", 1305)]
    public async Task What_is_enlisted_and_fails_is_told_and_nothing_of_the_message_happens(string statement, int error)
    {
        foreach (var alsoExecutes in new[] { false, true })
        {
            await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
            if (alsoExecutes)
            {
                await _store.EnlistEffectAsync(transaction, "a");
            }

            _store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('b', 1)");
            _store.Enlist(transaction, statement);
            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal(error, (await Assert.ThrowsAsync<MySqlException>(() => transaction.CommitAsync(Ct))).Number);
            await _store.AssertPoolIsSoundAsync();
            await _store.PassAsync(TimeSpan.FromMinutes(2));
        }

        await _store.AssertNothingHappenedAsync();
        Assert.Equal(0, await _store.EffectsAsync("b"));
    }

    [Fact]
    public async Task What_was_written_for_a_claim_that_was_lost_is_rolled_back_at_once()
    {
        var late = await ClaimAsync();
        await using var transaction = await _store.Repository.BeginAsync(late, Ct);
        _store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 1)");
        await _store.PassAsync(TimeSpan.FromMinutes(2));
        await ClaimAsync();
        Assert.Equal(CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));

        // Before anybody else is given the connection.
        await _store.AssertPoolIsSoundAsync();
        await _store.AssertNothingHappenedAsync();
    }

    [Theory]
    [InlineData("SELECT `it's`, \"a `\" FROM t WHERE x = 'it''s'", true)]
    [InlineData("SELECT 1", true)]
    [InlineData("SELECT 'open", false)]
    [InlineData("SELECT `a'b` = 'open", false)]
    [InlineData("SELECT '\\'", false)]
    [InlineData("SELECT 1 -- it's", false)]
    [InlineData("SELECT 1 # it's", false)]
    [InlineData("SELECT 1 /* it's */", false)]
    public void Only_a_text_whose_quotations_are_surely_closed_is_sent_with_the_commit(string text, bool isSent)
    {
        Assert.Equal(isSent, HandlerWrites.IsClosed(text));
        var outbox = new OutboxInsert(_store.Schema.Options);
        Assert.Equal(isSent, new HandlerWrites([new MySqlBatchCommand(text)], [], outbox).CanBeSentWithCommit);
        Assert.False(new HandlerWrites([new MySqlBatchCommand("p") { CommandType = CommandType.StoredProcedure }], [], outbox).CanBeSentWithCommit);
    }

    [Fact]
    public async Task What_is_enlisted_and_waits_for_another_in_a_circle_is_executed_again()
    {
        await _store.Schema.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('a', 0), ('z', 0)");
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        _store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'a'");
        _store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'z'");
        transaction.Emit(Sample.Event("emitted"));
        await using var other = await HeavyTransaction.BeginAsync(_store);
        await other.ExecuteAsync("UPDATE {{schema}}.effects SET happened = 2 WHERE name = 'z'");
        var committing = transaction.CommitAsync(Ct);
        await _store.SomebodyWaitsAsync("UPDATE {{schema}}.effects");
        await other.ExecuteAsync("UPDATE {{schema}}.effects SET happened = 2 WHERE name = 'a'");
        await other.CommitAsync();
        Assert.Equal(CommitOutcome.Committed, await committing);
        Assert.Equal((1, 1), (await _store.EffectsAsync("a"), await _store.EffectsAsync("z")));
        Assert.NotNull(await _store.Outbox.FindAsync("emitted", Ct));
    }

    [Fact]
    public async Task A_handler_that_swallows_the_end_of_a_circle_commits_nothing()
    {
        await _store.Schema.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('y', 0), ('z', 0)");
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        await using var other = await HeavyTransaction.BeginAsync(_store);
        await other.ExecuteAsync("UPDATE {{schema}}.effects SET happened = 2 WHERE name = 'z'");
        await _store.ExecuteAsync(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'y'");
        var waiting = other.ExecuteAsync("UPDATE {{schema}}.effects SET happened = 2 WHERE name = 'y'");
        await _store.SomebodyWaitsAsync("UPDATE {{schema}}.effects");
        var error = await Assert.ThrowsAsync<MySqlException>(
            () => _store.ExecuteAsync(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'z'"));
        Assert.Equal(MySqlErrorCode.LockDeadlock, error.ErrorCode);

        // The handler goes on as if nothing had happened.
        await waiting;
        await other.CommitAsync();
        await _store.EnlistEffectAsync(transaction, "a");
        transaction.Emit(Sample.Event("emitted"));
        Assert.Equal((CommitOutcome.StatementFailed, "1213 (40001)"), (await transaction.CommitAsync(Ct), transaction.ErrorName));
        await _store.AssertNothingHappenedAsync();
        Assert.Equal((2, 2), (await _store.EffectsAsync("y"), await _store.EffectsAsync("z")));
        await _store.AssertPoolIsSoundAsync();
    }

    [Fact]
    public async Task Nothing_is_enlisted_after_the_handler_has_ended_and_nothing_that_is_null()
    {
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        Assert.Throws<ArgumentNullException>(() => transaction.Enlist(null!));
        _store.Enlist(transaction, "SELECT 1");
        Assert.False(transaction.TryCloseEmpty());
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.Throws<ObjectDisposedException>(() => _store.Enlist(transaction, "SELECT 1"));
    }

    [Theory]
    [InlineData("COMMIT", 1)]
    [InlineData("ROLLBACK", 0)]
    [InlineData("COMMIT AND CHAIN", 1)]
    [InlineData("ROLLBACK AND CHAIN", 0)]
    [InlineData("CREATE TABLE {{schema}}.made (a INT)", 1)]
    public async Task A_handler_that_enlists_the_end_of_the_transaction_is_told_so_and_its_message_is_not_marked(string how, int effects)
    {
        var claim = await ClaimAsync();
        await using (var transaction = await _store.Repository.BeginAsync(claim, Ct))
        {
            _store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 1)");
            _store.Enlist(transaction, how);
            _store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('b', 1)");
            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal(CommitOutcome.TransactionEnded, await transaction.CommitAsync(Ct));
        }

        Assert.Equal((effects, 0), (await _store.EffectsAsync("a"), await _store.EffectsAsync("b")));
        Assert.Null(await _store.Outbox.FindAsync("emitted", Ct));
        Assert.True(await _store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        await _store.AssertPoolIsSoundAsync();
    }

    private async Task<InboxClaim.Claimed> ClaimAsync() => Assert.IsType<InboxClaim.Claimed>(Assert.Single(
        await _store.Repository.ClaimAsync("billing", [Sample.Message("e-1")], TimeSpan.FromMinutes(1), 50, Ct)));

    /// <summary>A transaction that has written so much that the server ends the other one of a circle.</summary>
    private sealed class HeavyTransaction(MySqlInboxHarness store, MySqlConnection connection, MySqlTransaction transaction) : IAsyncDisposable
    {
        internal static async Task<HeavyTransaction> BeginAsync(MySqlInboxHarness store)
        {
            var connection = await store.Schema.DataSource.OpenConnectionAsync(Ct);
            var heavy = new HeavyTransaction(store, connection, await connection.BeginTransactionAsync(Ct));
            var rows = string.Join(',', Enumerable.Range(0, 100).Select(i => $"('heavy-{i}', 1)"));
            await heavy.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES " + rows);
            return heavy;
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();

        internal async Task ExecuteAsync(string sql)
        {
            await using var command = new MySqlCommand(store.Schema.Fill(sql), connection, transaction);
            await command.ExecuteNonQueryAsync(Ct);
        }

        internal Task CommitAsync() => transaction.CommitAsync(Ct);
    }
}
