using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Statements that a handler enlists, rather than executes.</summary>
public sealed class PostgresInboxEnlistTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresInboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await PostgresInboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task What_is_enlisted_costs_no_connection_before_the_commit()
    {
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody");
        await using var transaction = await _store.CreateRepository(nowhere).BeginAsync(await ClaimAsync(), Ct);
        _store.Enlist(transaction, "SELECT 1");
        await Assert.ThrowsAsync<NpgsqlException>(() => transaction.CommitAsync(Ct));
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
            _store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = happened * 10 + 2");
            _store.Enlist(transaction, "UPDATE {{schema}}.effects SET happened = happened * 10 + 3 WHERE name = $1", "a");
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

    [Fact]
    public async Task What_is_enlisted_and_fails_is_told_and_nothing_of_the_message_happens()
    {
        await using (var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            _store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 1)");
            _store.Enlist(transaction, "SELECT 1 / 0");
            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal("22012", (await Assert.ThrowsAsync<PostgresException>(() => transaction.CommitAsync(Ct))).SqlState);
        }

        await _store.AssertNothingHappenedAsync();
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
    public async Task A_handler_that_enlists_the_end_of_the_transaction_is_told_so_and_its_message_is_not_marked(string how, int effects)
    {
        var claim = await ClaimAsync();
        await using (var transaction = await _store.Repository.BeginAsync(claim, Ct))
        {
            _store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES ('a', 1)");
            _store.Enlist(transaction, how);
            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal(CommitOutcome.TransactionEnded, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(effects, await _store.EffectsAsync("a"));
        Assert.Null(await _store.Outbox.FindAsync("emitted", Ct));
        Assert.True(await _store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        await _store.AssertPoolIsSoundAsync();
    }

    private async Task<InboxClaim.Claimed> ClaimAsync() => Assert.IsType<InboxClaim.Claimed>(Assert.Single(
        await _store.Repository.ClaimAsync("billing", [Sample.Message("e-1")], TimeSpan.FromMinutes(1), 5, Ct)));
}
