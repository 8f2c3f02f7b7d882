using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The transaction that a handler is given where the inbox is in PostgreSQL.</summary>
public sealed class PostgresInboxTransactionTests(PostgresServer server) : SqlInboxTransactionConformance
{
    private PostgresInboxHarness Harness => (PostgresInboxHarness)Store;

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() => await PostgresInboxHarness.CreateAsync(server);

    protected override bool KnowsItsMarks => false;

    [Fact]
    public async Task A_handler_that_swallows_an_error_of_the_database_commits_nothing()
    {
        await using var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct);
        await Harness.EnlistEffectAsync(transaction, "a");
        await Assert.ThrowsAsync<PostgresException>(() => Harness.ExecuteAsync(transaction, "SELECT 1 / 0"));
        transaction.Emit(Sample.Event("emitted"));
        Assert.Equal((CommitOutcome.StatementFailed, "22012"), (await transaction.CommitAsync(Ct), transaction.ErrorName));
        await Harness.AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task The_last_error_before_the_transaction_had_failed_is_the_one_that_is_named()
    {
        await using var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct);
        var postgres = await transaction.GetNpgsqlTransactionAsync(Ct);
        await postgres.SaveAsync("before", Ct);
        await Assert.ThrowsAsync<PostgresException>(() => Harness.ExecuteAsync(transaction, "SELECT 1 / 0"));
        await postgres.RollbackAsync("before", Ct);
        foreach (var statement in new[] { "SELECT 'x'::integer", "SELECT 1" })
        {
            await Assert.ThrowsAsync<PostgresException>(() => Harness.ExecuteAsync(transaction, statement));
        }

        Assert.Equal((CommitOutcome.StatementFailed, "22P02"), (await transaction.CommitAsync(Ct), transaction.ErrorName));
    }

    [Fact]
    public async Task A_condition_that_fails_is_named()
    {
        await using var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct);
        Harness.EnlistImpossible(transaction, "b");
        Assert.Equal(
            (CommitOutcome.EnlistedConditionFailed, PostgresErrorCodes.ForeignKeyViolation),
            (await transaction.CommitAsync(Ct), transaction.ErrorName));
    }

    [Fact]
    public async Task A_connection_that_was_lost_is_not_told_as_the_handlers_end_of_the_transaction()
    {
        await using var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct);
        await Assert.ThrowsAsync<PostgresException>(() => Harness.ExecuteAsync(transaction, "SELECT pg_terminate_backend(pg_backend_pid())"));
        await Assert.ThrowsAsync<TransactionEndedException>(() => transaction.CommitAsync(Ct));
    }

    [Fact]
    public async Task A_statement_that_fails_behind_a_savepoint_is_undone_by_it()
    {
        await using (var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            var postgres = await transaction.GetNpgsqlTransactionAsync(Ct);
            await postgres.SaveAsync("before", Ct);
            await Assert.ThrowsAsync<PostgresException>(() => Harness.ExecuteAsync(transaction, "SELECT 1 / 0"));
            await postgres.RollbackAsync("before", Ct);
            await Harness.EnlistEffectAsync(transaction, "a");
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, await Harness.EffectsAsync("a"));
    }

    [Fact]
    public async Task An_emitted_event_that_this_store_cannot_keep_is_refused_when_it_is_emitted()
    {
        await using var transaction = await Harness.Repository.BeginAsync(await ClaimAsync(), Ct);
        Assert.Throws<RowContractException>(() => transaction.Emit(Sample.Event(payload: "nul \0")));
    }

    [Fact]
    public Task An_emitted_event_without_a_key_that_gets_no_number_is_told_so_as_well() => AssertMissingNumberIsToldAsync(null);
}
