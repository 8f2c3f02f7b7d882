using System.Data.Common;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>Statements that a handler enlists, rather than executes.</summary>
public abstract class SqlInboxEnlistConformance : InboxClaims, IAsyncLifetime
{
    private SqlInboxHarness? _harness;

    private protected SqlInboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    /// <summary>The statements that make 2 and 3 follow on an effect's number; the second has a parameter.</summary>
    private protected abstract (string Two, string Three) Appending { get; }

    public async ValueTask InitializeAsync() => _harness = await CreateHarnessAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }
    }

    private protected abstract Task<SqlInboxHarness> CreateHarnessAsync();

    [Fact]
    public async Task What_is_enlisted_costs_no_connection_before_the_commit()
    {
        await using var transaction = await Store.CreateRepositoryNowhere().BeginAsync(await ClaimAsync(Store.Repository), Ct);
        Store.EnlistNothing(transaction);
        await Assert.ThrowsAnyAsync<DbException>(() => transaction.CommitAsync(Ct));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_enlisted_runs_in_its_order_after_what_was_executed(bool alsoExecutes)
    {
        await Store.ExecuteAsync("INSERT INTO {{schema}}.effects VALUES ('a', 0)");
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(Store.Repository), Ct))
        {
            Store.Enlist(transaction, Appending.Two);
            Store.Enlist(transaction, Appending.Three, "a");
            if (alsoExecutes)
            {
                await Store.ExecuteAsync(transaction, "UPDATE {{schema}}.effects SET happened = happened * 10 + 1");
            }

            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal(0, await Store.EffectsAsync("a"));
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(alsoExecutes ? 123 : 23, await Store.EffectsAsync("a"));
        Assert.NotNull(await Store.Outbox.FindAsync("emitted", Ct));
        Assert.True(await Store.Repository.IsProcessedAsync("billing", "e-1", Ct));
        await Store.AssertPoolIsSoundAsync();
    }

    [Fact]
    public async Task Nothing_is_enlisted_after_the_handler_has_ended_and_nothing_that_is_null()
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(Store.Repository), Ct);
        Assert.Throws<ArgumentNullException>(() => Store.EnlistNull(transaction));
        Store.EnlistNothing(transaction);
        Assert.False(transaction.TryCloseEmpty());
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.Throws<ObjectDisposedException>(() => Store.EnlistNothing(transaction));
    }

    [Theory]
    [InlineData("COMMIT", 1)]
    [InlineData("ROLLBACK", 0)]
    [InlineData("COMMIT AND CHAIN", 1)]
    [InlineData("ROLLBACK AND CHAIN", 0)]
    public async Task A_handler_that_enlists_the_end_of_the_transaction_is_told_so_and_its_message_is_not_marked(string how, int effects)
    {
        var claim = await ClaimAsync(Store.Repository);
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            Store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 1)");
            Store.Enlist(transaction, how);
            Store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('b', 1)");
            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal(CommitOutcome.TransactionEnded, await transaction.CommitAsync(Ct));
        }

        Assert.Equal((effects, 0), (await Store.EffectsAsync("a"), await Store.EffectsAsync("b")));
        Assert.Null(await Store.Outbox.FindAsync("emitted", Ct));
        Assert.True(await Store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        await Store.AssertPoolIsSoundAsync();
    }

    /// <summary>Enlists a statement that fails, also after an executed one, and sees that it is told and nothing of the message happens.</summary>
    private protected async Task AssertFailsAsync(string statement, Action<DbException> assertError)
    {
        foreach (var alsoExecutes in new[] { false, true })
        {
            await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(Store.Repository), Ct))
            {
                if (alsoExecutes)
                {
                    await Store.EnlistEffectAsync(transaction, "a");
                }

                Store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('b', 1)");
                Store.Enlist(transaction, statement);
                transaction.Emit(Sample.Event("emitted"));
                assertError(await Assert.ThrowsAnyAsync<DbException>(() => transaction.CommitAsync(Ct)));
            }

            await Store.AssertPoolIsSoundAsync();
            await Store.PassAsync(TimeSpan.FromMinutes(2));
        }

        await Store.AssertNothingHappenedAsync();
        Assert.Equal(0, await Store.EffectsAsync("b"));
    }
}
