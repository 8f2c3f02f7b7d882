using System.Data;
using System.Data.Common;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>The transaction that a handler is given where the inbox is in an SQL database, and what handlers do to it.</summary>
public abstract partial class SqlInboxTransactionConformance : IAsyncLifetime
{
    private SqlInboxHarness? _harness;

    private protected SqlInboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

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

    /// <summary>Whether what is marked together is told again to be marked.</summary>
    protected virtual bool KnowsItsMarks => true;

    [Fact]
    public async Task A_record_that_somebody_holds_keeps_no_other_from_being_marked()
    {
        var answers = await Store.Repository.ClaimAsync(
            "billing", [Sample.Message("free"), Sample.Message("held")], TimeSpan.FromMinutes(1), 5, Ct);
        var claims = answers.Cast<InboxClaim.Claimed>().ToList();
        await using var connection = await Store.OpenAsync();
        await using (var other = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, Ct))
        {
            await using var hold = connection.CreateCommand();
            (hold.Transaction, hold.CommandText) = (other, Store.Fill("SELECT 1 FROM {{inbox}} WHERE event_id = 'held' FOR UPDATE"));
            await hold.ExecuteNonQueryAsync(Ct);
            Assert.Equal<IReadOnlyList<bool>>([true, false], await Store.Repository.TryMarkProcessedAsync(claims, Ct));
        }

        // The first of them is marked already.
        Assert.Equal<IReadOnlyList<bool>>([KnowsItsMarks, true], await Store.Repository.TryMarkProcessedAsync(claims, Ct));
    }

    [Fact]
    public async Task A_handler_that_enlists_nothing_costs_no_connection()
    {
        await using var transaction = await Store.CreateRepositoryNowhere().BeginAsync(await ClaimAsync(), Ct);
        transaction.Emit(Sample.Event());
    }

    [Fact]
    public async Task What_was_closed_without_anything_gives_no_transaction_to_a_late_handler()
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        Assert.True(transaction.TryCloseEmpty());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.GetTransactionAsync(transaction, Ct));
    }

    [Fact]
    public async Task Every_call_gets_the_same_transaction()
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.GetTransactionAsync(transaction, Ct)));
        Assert.Single(all.Distinct());
    }

    [Fact]
    public async Task A_handler_may_emit_events_of_several_keys()
    {
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            await Store.EnlistEffectAsync(transaction, "a");
            transaction.Emit(Sample.Event("e-1") with { OrderingKey = "k" });
            transaction.Emit(Sample.Event("e-2") with { OrderingKey = "l" });
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, await Store.EffectsAsync("a"));
        Assert.NotNull(await Store.Outbox.FindAsync("e-1", Ct));
        Assert.NotNull(await Store.Outbox.FindAsync("e-2", Ct));
    }

    [Fact]
    public async Task A_handler_may_use_savepoints()
    {
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            var own = await Store.GetTransactionAsync(transaction, Ct);
            await own.SaveAsync("before", Ct);
            await Store.EnlistEffectAsync(transaction, "b");
            await own.RollbackAsync("before", Ct);
            await Store.EnlistEffectAsync(transaction, "a");
            await own.ReleaseAsync("before", Ct);
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal((1, 0), (await Store.EffectsAsync("a"), await Store.EffectsAsync("b")));
    }

    [Fact]
    public async Task A_late_worker_that_meets_the_events_of_the_one_that_took_over_has_lost_its_claim()
    {
        var late = await ClaimAsync();
        await using var transaction = await Store.Repository.BeginAsync(late, Ct);
        transaction.Emit(Sample.Event("emitted"));
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        await using (var current = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            current.Emit(Sample.Event("emitted"));
            Assert.Equal(CommitOutcome.Committed, await current.CommitAsync(Ct));
        }

        Assert.Equal(CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));
    }

    [Fact]
    public async Task The_transaction_object_of_one_message_is_never_that_of_the_next()
    {
        DbTransaction? before = null;
        foreach (var id in new[] { "e-1", "e-2", "e-3" })
        {
            await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(id), Ct);
            var own = await Store.GetTransactionAsync(transaction, Ct);
            Assert.NotSame(before, own);
            if (before is not null)
            {
                // Of a handler that has ended long ago, such as in a task that it has forgotten.
                await Assert.ThrowsAnyAsync<InvalidOperationException>(() => before.CommitAsync(Ct));
            }

            before = own;
            await Store.EnlistEffectAsync(transaction, id);
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }
    }

    [Fact]
    public Task An_emitted_event_that_gets_no_number_is_not_told_as_a_condition_that_failed() => AssertMissingNumberIsToldAsync("k");

    [Theory]
    [InlineData("commit", 1)]
    [InlineData("rollback", 0)]
    [InlineData("dispose", 0)]
    [InlineData("close", 0)]
    [InlineData("COMMIT", 1)]
    [InlineData("ROLLBACK", 0)]
    [InlineData("COMMIT AND CHAIN", 1)]
    [InlineData("ROLLBACK AND CHAIN", 0)]
    [InlineData("COMMIT; START TRANSACTION", 1)]
    public Task A_handler_that_ends_the_transaction_itself_is_told_so_and_its_message_is_not_marked(string how, int effects) =>
        AssertEndIsToldAsync(how, effects);

    [Fact]
    public async Task A_transaction_of_another_store_is_refused_with_the_reason()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Store.GetTransactionAsync(new FakeTransaction(), Ct));
        Assert.Contains($"STORE={Store.StoreName}", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidOperationException>(() => Store.EnlistNothing(new FakeTransaction()));
        Assert.Contains($"STORE={Store.StoreName}", error.Message, StringComparison.Ordinal);
    }

    private protected async Task AssertMissingNumberIsToldAsync(string? key)
    {
        await Store.Outbox.FindOrCreateAsync(Sample.Event("old") with { OrderingKey = key }, Ct);
        var told = await Store.SpoilNumbersAsync();
        var claim = await ClaimAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            transaction.Emit(Sample.Event("new") with { OrderingKey = key });
            Assert.IsType(told, await Assert.ThrowsAnyAsync<Exception>(() => transaction.CommitAsync(Ct)));
        }

        await Store.MigrateAsync();
        await using var again = await Store.Repository.BeginAsync(claim, Ct);
        again.Emit(Sample.Event("new") with { OrderingKey = key });
        Assert.Equal(CommitOutcome.Committed, await again.CommitAsync(Ct));
    }

    private protected async Task AssertEndIsToldAsync(string how, int effects)
    {
        var claim = await ClaimAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            await Store.EnlistEffectAsync(transaction, "a");
            transaction.Emit(Sample.Event("emitted"));
            var own = await Store.GetTransactionAsync(transaction, Ct);
            await (how switch
            {
                "commit" => own.CommitAsync(Ct),
                "rollback" => own.RollbackAsync(Ct),
                "dispose" => own.DisposeAsync().AsTask(),
                "close" => own.Connection!.CloseAsync(),
                _ => Store.ExecuteAsync(transaction, how),
            });
            Assert.Equal(CommitOutcome.TransactionEnded, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(effects, await Store.EffectsAsync("a"));
        Assert.Null(await Store.Outbox.FindAsync("emitted", Ct));
        Assert.True(await Store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        await Store.AssertPoolIsSoundAsync();
    }

    private protected async Task<InboxClaim.Claimed> ClaimAsync(string eventId = "e-1") => Assert.IsType<InboxClaim.Claimed>(Assert.Single(
        await Store.Repository.ClaimAsync("billing", [Sample.Message(eventId)], TimeSpan.FromMinutes(1), 5, Ct)));

    private sealed class FakeTransaction : IMessageTransaction
    {
        public void Emit(OutboxEvent outboxEvent)
        {
        }
    }
}
