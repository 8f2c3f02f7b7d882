using System.Data;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Statements that a handler enlists, rather than executes.</summary>
public sealed class MySqlInboxEnlistTests(MySqlServer server) : SqlInboxEnlistConformance
{
    private MySqlInboxHarness Own => (MySqlInboxHarness)Store;

    private protected override (string Two, string Three) Appending => (
        "UPDATE {{schema}}.effects SET happened = happened * 10 + 2 -- the second",
        "UPDATE {{schema}}.effects SET happened = happened * 10 + 3 WHERE name = ?;");

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);

    [Theory]
    [InlineData("INSERT INTO {{schema}}.nowhere VALUES (1)", 1146)]
    [InlineData("SELECT 'an end that is missing", 1064)]
    [InlineData("SELECT 1 /* an end that is missing", 1064)]
    [InlineData("CALL {{schema}}.nowhere()", 1305)]
    public Task What_is_enlisted_and_fails_is_told_and_nothing_of_the_message_happens(string statement, int number) =>
        AssertFailsAsync(statement, error => Assert.Equal(number, Assert.IsType<MySqlException>(error).Number));

    [Fact]
    public Task A_handler_that_enlists_a_statement_that_commits_by_itself_is_told_so_and_its_message_is_not_marked() =>
        A_handler_that_enlists_the_end_of_the_transaction_is_told_so_and_its_message_is_not_marked("CREATE TABLE {{schema}}.made (a INT)", 1);

    [Fact]
    public async Task What_was_written_for_a_claim_that_was_lost_is_rolled_back_at_once()
    {
        var late = await ClaimAsync(Store.Repository);
        await using var transaction = await Store.Repository.BeginAsync(late, Ct);
        Store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 1)");
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        await ClaimAsync(Store.Repository);
        Assert.Equal(CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));

        // Before anybody else is given the connection.
        await Store.AssertPoolIsSoundAsync();
        await Store.AssertNothingHappenedAsync();
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
        var outbox = new OutboxInsert(Own.Schema.Options);
        Assert.Equal(isSent, new HandlerWrites([new MySqlBatchCommand(text)], [], outbox).CanBeSentWithCommit);
        Assert.False(new HandlerWrites([new MySqlBatchCommand("p") { CommandType = CommandType.StoredProcedure }], [], outbox).CanBeSentWithCommit);
    }

    [Fact]
    public async Task What_is_enlisted_and_waits_for_another_in_a_circle_is_executed_again()
    {
        await Store.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('a', 0), ('z', 0)");
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(Store.Repository), Ct);
        Store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'a'");
        Store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'z'");
        transaction.Emit(Sample.Event("emitted"));
        await using var other = await HeavyTransaction.BeginAsync(Own);
        await other.ExecuteAsync("UPDATE {{schema}}.effects SET happened = 2 WHERE name = 'z'");
        var committing = transaction.CommitAsync(Ct);
        await Own.SomebodyWaitsAsync("UPDATE {{schema}}.effects");
        await other.ExecuteAsync("UPDATE {{schema}}.effects SET happened = 2 WHERE name = 'a'");
        await other.CommitAsync();
        Assert.Equal(CommitOutcome.Committed, await committing);
        Assert.Equal((1, 1), (await Store.EffectsAsync("a"), await Store.EffectsAsync("z")));
        Assert.NotNull(await Store.Outbox.FindAsync("emitted", Ct));
    }

    [Fact]
    public async Task A_handler_that_swallows_the_end_of_a_circle_commits_nothing()
    {
        await Store.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('y', 0), ('z', 0)");
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(Store.Repository), Ct);
        await using var other = await HeavyTransaction.BeginAsync(Own);
        await other.ExecuteAsync("UPDATE {{schema}}.effects SET happened = 2 WHERE name = 'z'");
        await Store.ExecuteAsync(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'y'");
        var waiting = other.ExecuteAsync("UPDATE {{schema}}.effects SET happened = 2 WHERE name = 'y'");
        await Own.SomebodyWaitsAsync("UPDATE {{schema}}.effects");
        var error = await Assert.ThrowsAsync<MySqlException>(
            () => Store.ExecuteAsync(transaction, "UPDATE {{schema}}.effects SET happened = 1 WHERE name = 'z'"));
        Assert.Equal(MySqlErrorCode.LockDeadlock, error.ErrorCode);

        // The handler goes on as if nothing had happened.
        await waiting;
        await other.CommitAsync();
        await Store.EnlistEffectAsync(transaction, "a");
        transaction.Emit(Sample.Event("emitted"));
        Assert.Equal((CommitOutcome.StatementFailed, "1213 (40001)"), (await transaction.CommitAsync(Ct), transaction.ErrorName));
        await Store.AssertNothingHappenedAsync();
        Assert.Equal((2, 2), (await Store.EffectsAsync("y"), await Store.EffectsAsync("z")));
        await Store.AssertPoolIsSoundAsync();
    }

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
