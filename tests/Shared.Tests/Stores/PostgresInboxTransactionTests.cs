using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The transaction that a handler is given, and what handlers do to it.</summary>
public sealed class PostgresInboxTransactionTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresInboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await PostgresInboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_handler_that_enlists_nothing_costs_no_connection()
    {
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody");
        await using var transaction = await _store.CreateRepository(nowhere).BeginAsync(await ClaimAsync(), Ct);
        transaction.Emit(Sample.Event());
    }

    [Fact]
    public async Task What_was_closed_without_anything_gives_no_transaction_to_a_late_handler()
    {
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        Assert.True(transaction.TryCloseEmpty());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => transaction.GetNpgsqlTransactionAsync(Ct).AsTask());
    }

    [Fact]
    public async Task A_record_that_somebody_holds_keeps_no_other_from_being_marked()
    {
        var answers = await _store.Repository.ClaimAsync(
            "billing", [Sample.Message("free"), Sample.Message("held")], TimeSpan.FromMinutes(1), 5, Ct);
        var claims = answers.Cast<InboxClaim.Claimed>().ToList();
        await using var connection = await _store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using (var other = await connection.BeginTransactionAsync(Ct))
        {
            await using var hold = new NpgsqlCommand(
                $"SELECT 1 FROM \"{_store.Schema.Options.Schema}\".\"{_store.Schema.Options.InboxTable}\" WHERE event_id = 'held' FOR UPDATE",
                connection,
                other);
            await hold.ExecuteNonQueryAsync(Ct);
            Assert.Equal<IReadOnlyList<bool>>([true, false], await _store.Repository.TryMarkProcessedAsync(claims, Ct));
        }

        Assert.Equal<IReadOnlyList<bool>>([false, true], await _store.Repository.TryMarkProcessedAsync(claims, Ct));
    }

    [Fact]
    public async Task Every_call_gets_the_same_transaction()
    {
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => transaction.GetNpgsqlTransactionAsync(Ct).AsTask()));
        Assert.Single(all.Distinct());
    }

    [Fact]
    public async Task A_handler_that_swallows_an_error_of_the_database_commits_nothing()
    {
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        await _store.EnlistEffectAsync(transaction, "a");
        await Assert.ThrowsAsync<PostgresException>(() => _store.ExecuteAsync(transaction, "SELECT 1 / 0"));
        transaction.Emit(Sample.Event("emitted"));
        Assert.Equal((CommitOutcome.StatementFailed, "22012"), (await transaction.CommitAsync(Ct), transaction.ErrorName));
        await _store.AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task The_last_error_before_the_transaction_had_failed_is_the_one_that_is_named()
    {
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        var postgres = await transaction.GetNpgsqlTransactionAsync(Ct);
        await postgres.SaveAsync("before", Ct);
        await Assert.ThrowsAsync<PostgresException>(() => _store.ExecuteAsync(transaction, "SELECT 1 / 0"));
        await postgres.RollbackAsync("before", Ct);
        foreach (var statement in new[] { "SELECT 'x'::integer", "SELECT 1" })
        {
            await Assert.ThrowsAsync<PostgresException>(() => _store.ExecuteAsync(transaction, statement));
        }

        Assert.Equal((CommitOutcome.StatementFailed, "22P02"), (await transaction.CommitAsync(Ct), transaction.ErrorName));
    }

    [Fact]
    public async Task A_condition_that_fails_is_named()
    {
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        _store.EnlistImpossible(transaction, "b");
        Assert.Equal(
            (CommitOutcome.EnlistedConditionFailed, PostgresErrorCodes.ForeignKeyViolation),
            (await transaction.CommitAsync(Ct), transaction.ErrorName));
    }

    [Fact]
    public async Task A_connection_that_was_lost_is_not_told_as_the_handlers_end_of_the_transaction()
    {
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        await Assert.ThrowsAsync<PostgresException>(() => _store.ExecuteAsync(transaction, "SELECT pg_terminate_backend(pg_backend_pid())"));
        await Assert.ThrowsAsync<TransactionEndedException>(() => transaction.CommitAsync(Ct));
    }

    [Fact]
    public async Task A_handler_may_emit_events_of_several_keys()
    {
        await using (var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            await _store.EnlistEffectAsync(transaction, "a");
            transaction.Emit(Sample.Event("e-1") with { OrderingKey = "k" });
            transaction.Emit(Sample.Event("e-2") with { OrderingKey = "l" });
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, await _store.EffectsAsync("a"));
        Assert.NotNull(await _store.Outbox.FindAsync("e-1", Ct));
        Assert.NotNull(await _store.Outbox.FindAsync("e-2", Ct));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("k")]
    public async Task An_emitted_event_that_gets_no_number_is_not_told_as_a_condition_that_failed(string? key)
    {
        await _store.Outbox.FindOrCreateAsync(Sample.Event("old") with { OrderingKey = key }, Ct);
        await _store.Schema.ExecuteAsync("SELECT setval('{{outbox.row_ids}}', 1, false)");
        var claim = await ClaimAsync();
        await using (var transaction = await _store.Repository.BeginAsync(claim, Ct))
        {
            transaction.Emit(Sample.Event("new") with { OrderingKey = key });
            await Assert.ThrowsAsync<OutboxSequenceException>(() => transaction.CommitAsync(Ct));
        }

        await _store.Schema.MigrateAsync();
        await using var again = await _store.Repository.BeginAsync(claim, Ct);
        again.Emit(Sample.Event("new") with { OrderingKey = key });
        Assert.Equal(CommitOutcome.Committed, await again.CommitAsync(Ct));
    }

    [Fact]
    public async Task A_handler_may_use_savepoints()
    {
        await using (var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            var postgres = await transaction.GetNpgsqlTransactionAsync(Ct);
            await postgres.SaveAsync("before", Ct);
            await Assert.ThrowsAsync<PostgresException>(() => _store.ExecuteAsync(transaction, "SELECT 1 / 0"));
            await postgres.RollbackAsync("before", Ct);
            await _store.EnlistEffectAsync(transaction, "a");
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(1, await _store.EffectsAsync("a"));
    }

    [Theory]
    [InlineData("commit", 1)]
    [InlineData("rollback", 0)]
    [InlineData("dispose", 0)]
    [InlineData("close", 0)]
    [InlineData("COMMIT", 1)]
    [InlineData("ROLLBACK", 0)]
    [InlineData("COMMIT AND CHAIN", 1)]
    [InlineData("ROLLBACK AND CHAIN", 0)]
    [InlineData("COMMIT; BEGIN", 1)]
    public async Task A_handler_that_ends_the_transaction_itself_is_told_so_and_its_message_is_not_marked(string how, int effects)
    {
        var claim = await ClaimAsync();
        await using (var transaction = await _store.Repository.BeginAsync(claim, Ct))
        {
            await _store.EnlistEffectAsync(transaction, "a");
            transaction.Emit(Sample.Event("emitted"));
            var postgres = await transaction.GetNpgsqlTransactionAsync(Ct);
            await (how switch
            {
                "commit" => postgres.CommitAsync(Ct),
                "rollback" => postgres.RollbackAsync(Ct),
                "dispose" => postgres.DisposeAsync().AsTask(),
                "close" => postgres.Connection!.CloseAsync(),
                _ => _store.ExecuteAsync(transaction, how),
            });
            Assert.Equal(CommitOutcome.TransactionEnded, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(effects, await _store.EffectsAsync("a"));
        Assert.Null(await _store.Outbox.FindAsync("emitted", Ct));
        Assert.True(await _store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        await _store.AssertPoolIsSoundAsync();
    }

    [Fact]
    public async Task A_late_worker_that_meets_the_events_of_the_one_that_took_over_has_lost_its_claim()
    {
        var late = await ClaimAsync();
        await using var transaction = await _store.Repository.BeginAsync(late, Ct);
        transaction.Emit(Sample.Event("emitted"));
        await _store.PassAsync(TimeSpan.FromMinutes(2));
        await using (var current = await _store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            current.Emit(Sample.Event("emitted"));
            Assert.Equal(CommitOutcome.Committed, await current.CommitAsync(Ct));
        }

        Assert.Equal(CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handler_that_is_left_behind_can_commit_nothing_later_and_keeps_its_connection_to_itself(bool inACommand)
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = 0;
        var handler = new Handler<string>(async (_, context, _) =>
        {
            try
            {
                var transaction = await context.Transaction.GetNpgsqlTransactionAsync(CancellationToken.None);
                process = transaction.Connection!.ProcessID;
                await _store.EnlistEffectAsync(context.Transaction, "a");
                if (inACommand)
                {
                    await _store.ExecuteAsync(context.Transaction, "SELECT pg_sleep(600)");
                }

                await goOn.Task;
                await Assert.ThrowsAsync<ObjectDisposedException>(
                    () => context.Transaction.GetNpgsqlTransactionAsync(CancellationToken.None).AsTask());
                Assert.Throws<ObjectDisposedException>(() => context.Transaction.Emit(Sample.Event()));
                await transaction.CommitAsync(CancellationToken.None);
                ended.SetResult(null);
            }
            catch (Exception e)
            {
                ended.SetResult(e);
            }
        });

        var outcome = Assert.Single(await Consumer(handler).ConsumeAsync(
            [Sample.Message("e-1")], WorkDeadline.After(TimeSpan.FromSeconds(2), TimeProvider.System), Ct));

        Assert.Equal(ErrorCodes.HandlerDeadline, Assert.IsType<MessageOutcome.Retry>(outcome).ErrorCode);
        await Eventually.TrueAsync(
            async () => (long)(await _store.Schema.ScalarAsync("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", process))! == 0,
            "the handler's connection is ended by the server");
        await _store.AssertPoolIsSoundAsync();
        goOn.SetResult();
        Assert.IsType<NpgsqlException>(await ended.Task, exactMatch: false);
        Assert.Equal(0, await _store.EffectsAsync("a"));
        await _store.AssertPoolIsSoundAsync();

        // The next delivery does it.
        var next = new Handler<string>(async (_, context, _) => await _store.EnlistEffectAsync(context.Transaction, "a"));
        Assert.IsType<MessageOutcome.Processed>(Assert.Single(await Consumer(next).ConsumeAsync(
            [Sample.Message("e-1")], WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System), Ct)));
        Assert.Equal(1, await _store.EffectsAsync("a"));
    }

    [Fact]
    public async Task A_connection_that_a_task_of_the_handler_still_uses_does_not_go_back_to_the_pool()
    {
        Task background;
        await using (var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            await _store.EnlistEffectAsync(transaction, "a");
            background = _store.ExecuteAsync(transaction, "SELECT pg_sleep(600)");
        }

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => background);
        await _store.AssertPoolIsSoundAsync();
        await _store.AssertNothingHappenedAsync();
    }

    [Fact]
    public async Task The_transaction_object_of_one_message_is_never_that_of_the_next()
    {
        NpgsqlTransaction? before = null;
        foreach (var id in new[] { "e-1", "e-2", "e-3" })
        {
            await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(id), Ct);
            var postgres = await transaction.GetNpgsqlTransactionAsync(Ct);
            Assert.NotSame(before, postgres);
            if (before is not null)
            {
                // Of a handler that has ended long ago, such as in a task that it has forgotten.
                await Assert.ThrowsAnyAsync<InvalidOperationException>(() => before.CommitAsync(Ct));
            }

            before = postgres;
            await _store.EnlistEffectAsync(transaction, id);
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }
    }

    [Fact]
    public async Task A_transaction_of_another_store_is_refused_with_the_reason()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => new FakeTransaction().GetNpgsqlTransactionAsync(Ct).AsTask());
        Assert.Contains("STORE=postgres", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidOperationException>(() => new FakeTransaction().Enlist(new NpgsqlBatchCommand("SELECT 1")));
        Assert.Contains("STORE=postgres", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_emitted_event_that_this_store_cannot_keep_is_refused_when_it_is_emitted()
    {
        await using var transaction = await _store.Repository.BeginAsync(await ClaimAsync(), Ct);
        Assert.Throws<RowContractException>(() => transaction.Emit(Sample.Event(payload: "nul \0")));
    }

    private InboxConsumer Consumer(Handler<string> handler) => new(
        _store.Repository,
        new HandlerRegistry("billing").AddRaw("orders.placed", handler),
        new ConsumerOptions { MinimumHandlerTime = TimeSpan.FromMilliseconds(10) },
        TimeProvider.System,
        SystemEntropy.Instance,
        NullLogger<InboxConsumer>.Instance);

    private async Task<InboxClaim.Claimed> ClaimAsync(string eventId = "e-1") => Assert.IsType<InboxClaim.Claimed>(Assert.Single(
        await _store.Repository.ClaimAsync("billing", [Sample.Message(eventId)], TimeSpan.FromMinutes(1), 5, Ct)));

    private sealed class FakeTransaction : IMessageTransaction
    {
        public void Emit(OutboxEvent outboxEvent)
        {
        }
    }
}
