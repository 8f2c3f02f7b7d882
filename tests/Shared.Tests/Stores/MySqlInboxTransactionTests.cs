using System.Data;
using MySqlConnector;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The transaction that a handler is given where the inbox is in MySQL.</summary>
public sealed class MySqlInboxTransactionTests(MySqlServer server) : SqlInboxTransactionConformance
{
    private MySqlInboxHarness Harness => (MySqlInboxHarness)Store;

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);

    [Fact]
    public async Task A_statement_that_fails_does_not_end_the_transaction_and_the_others_commit()
    {
        await using (var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            await Harness.EnlistEffectAsync(transaction, "a");
            await Assert.ThrowsAsync<MySqlException>(() => Harness.ExecuteAsync(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 7)"));
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, await Harness.EffectsAsync("a"));
    }

    [Theory]
    [InlineData("INSERT INTO {{schema}}.effects VALUES ('there', 1)", "1062 (23000)")]
    [InlineData("INSERT INTO {{schema}}.effects VALUES (NULL, 1)", "1048 (23000)")]
    [InlineData("INSERT INTO {{schema}}.needs_effect VALUES ('nowhere')", "1452 (23000)")]
    [InlineData("DELETE FROM {{schema}}.effects WHERE name = 'needed'", "1451 (23000)")]
    [InlineData("INSERT INTO {{schema}}.effects VALUES ('b', -1)", "4025 (23000)", "3819 (HY000)")]
    [InlineData("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a rule of the application'", "1644 (45000)")]
    [InlineData("SIGNAL SQLSTATE 'AB123' SET MESSAGE_TEXT = 'a rule of the application'", "1644 (AB123)")]
    public async Task A_condition_that_fails_is_named(string statement, params string[] names)
    {
        await Harness.Schema.ExecuteAsync(
            "INSERT INTO {{schema}}.effects VALUES ('there', 0), ('needed', 0); INSERT INTO {{schema}}.needs_effect VALUES ('needed')");
        await using var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct);
        await Harness.EnlistEffectAsync(transaction, "a");
        Harness.Enlist(transaction, statement);
        transaction.Emit(Sample.Event("emitted"));
        Assert.Equal(CommitOutcome.EnlistedConditionFailed, await transaction.CommitAsync(Ct));
        Assert.Contains(transaction.ErrorName, names);
        await Harness.AssertNothingHappenedAsync();
        await Harness.AssertPoolIsSoundAsync();
    }

    [Fact]
    public async Task A_connection_that_was_lost_is_not_told_as_the_handlers_end_of_the_transaction()
    {
        await using var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct);
        await Assert.ThrowsAsync<MySqlException>(() => Harness.ExecuteAsync(transaction, "KILL CONNECTION_ID()"));

        // The driver may not have noticed it yet.
        var error = await Assert.ThrowsAnyAsync<Exception>(() => transaction.CommitAsync(Ct));
        Assert.True(error is TransactionEndedException or MySqlException, $"{error}");
    }

    [Fact]
    public async Task What_a_handler_writes_after_it_has_ended_the_transaction_is_not_committed()
    {
        await using (var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            await Harness.ExecuteAsync(transaction, "COMMIT");
            await Harness.EnlistEffectAsync(transaction, "a");
            Harness.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('b', 1)");
            Assert.Equal(CommitOutcome.TransactionEnded, await transaction.CommitAsync(Ct));
        }

        await Harness.AssertNothingHappenedAsync();
        Assert.Equal(0, await Harness.EffectsAsync("b"));
        await Harness.AssertPoolIsSoundAsync();
    }

    [Theory]
    [InlineData("START TRANSACTION")]
    [InlineData("SET autocommit = 1")]
    [InlineData("CREATE TABLE {{schema}}.made (a INT)")]
    public Task A_statement_that_commits_by_itself_ends_the_transaction_and_is_told_so(string statement) => AssertEndIsToldAsync(statement, 1);
}
