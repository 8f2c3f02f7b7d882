using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

// How handling ends: only the holder of the claim writes, and what it enlisted is there with its mark or not at all.
public abstract partial class InboxRepositoryConformance
{
    public enum Ending
    {
        Processed,
        Failed,
        Committed,
        Released,
    }

    [Fact]
    public async Task A_processed_message_says_when()
    {
        await ProcessAsync("e-1");

        Assert.True(await Repository.IsProcessedAsync(Consumer, "e-1", Ct));
        var record = await Repository.FindAsync(Consumer, "e-1", Ct);
        Assert.Equal(InboxStatus.Processed, record!.Status);
        Assert.InRange(record.ProcessedAt!.Value, Store.Now - TimeSpan.FromMinutes(1), Store.Now);
        Assert.Null(record.LeaseUntil);
        Assert.Null(record.ErrorCode);
    }

    [Fact]
    public async Task A_failed_message_says_why_and_success_forgets_it()
    {
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("e-1"), ErrorCodes.HandlerFailed, "it threw", Ct));
        var record = await Repository.FindAsync(Consumer, "e-1", Ct);
        Assert.Equal(
            (InboxStatus.Failed, ErrorCodes.HandlerFailed, "it threw"), (record!.Status, record.ErrorCode, record.ErrorMessage));
        Assert.NotNull(record.FailedAt);
        Assert.Null(record.LeaseUntil);

        await ProcessAsync("e-1");
        Assert.Null((await Repository.FindAsync(Consumer, "e-1", Ct))!.ErrorMessage);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\U0001F680")]
    [InlineData("half a pair")]
    public async Task Error_text_is_bounded(string part)
    {
        var unit = part == "half a pair" ? "\0\uD83D" : part;
        var text = string.Concat(Enumerable.Repeat(unit, 10_000 / unit.Length));
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("e-1"), ErrorCodes.HandlerFailed, text, Ct));
        Assert.InRange((await Repository.FindAsync(Consumer, "e-1", Ct))!.ErrorMessage!.Length, 900, 1000);
    }

    [Theory]
    [InlineData(Ending.Processed)]
    [InlineData(Ending.Failed)]
    [InlineData(Ending.Committed)]
    [InlineData(Ending.Released)]
    public async Task A_late_worker_changes_nothing_after_its_claim_was_taken_over(Ending ending)
    {
        var late = await ClaimAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var current = await ClaimAsync("e-1", Store.CreateRepository());

        await AssertLateAsync(late, ending);

        Assert.True(await Repository.MarkProcessedAsync(current, Ct));
        await AssertLateAsync(late, ending);
    }

    [Theory]
    [InlineData(Ending.Processed)]
    [InlineData(Ending.Failed)]
    [InlineData(Ending.Committed)]
    [InlineData(Ending.Released)]
    public async Task The_late_write_of_a_slow_handler_loses_after_a_reset(Ending ending)
    {
        var slow = await ClaimAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(2));
        Assert.Equal(1, await ResetAllAsync(TimeSpan.FromMinutes(1)));
        var record = await Repository.FindAsync(Consumer, "e-1", Ct);
        Assert.Equal((InboxStatus.Failed, ErrorCodes.LeaseExpired), (record!.Status, record.ErrorCode));

        await AssertLateAsync(slow, ending);

        var next = await ClaimAsync("e-1");
        Assert.Equal(2, next.Deliveries);
        await AssertLateAsync(slow, ending);
        Assert.True(await Repository.MarkProcessedAsync(next, Ct));
    }

    [Theory]
    [InlineData(Ending.Processed)]
    [InlineData(Ending.Failed)]
    [InlineData(Ending.Committed)]
    [InlineData(Ending.Released)]
    public async Task A_mark_on_a_deleted_record_makes_no_ghost(Ending ending)
    {
        var claim = await ClaimAsync("e-1");
        await Store.DeleteAsync(Consumer, "e-1");
        await AssertLateAsync(claim, ending);
        Assert.Empty(await Repository.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task A_claim_that_is_given_back_does_not_count()
    {
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("e-1", maxAttempts: 2), ErrorCodes.HandlerFailed, "no", Ct));
        for (var i = 0; i < 3; i++)
        {
            var claim = await ClaimAsync("e-1", Store.CreateRepository(), maxAttempts: 2);
            Assert.Equal(2, claim.Deliveries);
            Assert.True(await Repository.ReleaseAsync(claim, ErrorCodes.NoTimeLeft, "no", Ct));
        }

        Assert.True(await Repository.MarkProcessedAsync(await ClaimAsync("e-1", maxAttempts: 2), Ct));
    }

    [Fact]
    public async Task A_handler_that_is_slower_than_its_lease_still_wins_while_nobody_took_over()
    {
        var claim = await ClaimAsync("e-1");
        await Store.PassAsync(Lease * 3);
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task Of_messages_that_are_marked_together_each_is_marked_under_its_own_claim_alone()
    {
        var claims = new List<InboxClaim.Claimed>
        {
            await ClaimAsync("held-1"), await ClaimAsync("taken"), await ClaimAsync("failed"), await ClaimAsync("gone"),
        };
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var taken = await ClaimAsync("taken", Store.CreateRepository());
        Assert.True(await Repository.MarkFailedAsync(claims[2], ErrorCodes.HandlerFailed, "no", Ct));
        await Store.DeleteAsync(Consumer, "gone");
        claims.Add(await ClaimAsync("held-2"));

        Assert.Equal<bool[]>([true, false, false, false, true], await MarkTogetherAsync(claims));

        Assert.True(await Repository.IsProcessedAsync(Consumer, "held-1", Ct));
        Assert.True(await Repository.IsProcessedAsync(Consumer, "held-2", Ct));
        Assert.Equal(InboxStatus.Processing, (await Repository.FindAsync(Consumer, "taken", Ct))!.Status);
        Assert.Equal(InboxStatus.Failed, (await Repository.FindAsync(Consumer, "failed", Ct))!.Status);
        Assert.Null(await Repository.FindAsync(Consumer, "gone", Ct));
        Assert.True(await Repository.MarkProcessedAsync(taken, Ct));
        Assert.Equal<bool[]>([true, false, false, false, true], await MarkTogetherAsync(claims));
    }

    [Fact]
    public async Task What_is_marked_together_is_as_what_is_marked_alone()
    {
        await ProcessAsync("alone");
        Assert.True(await Repository.MarkFailedAsync(await ClaimAsync("e-1"), ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal<bool[]>([true, true], await MarkTogetherAsync([await ClaimAsync("e-1"), await ClaimAsync("e-2")]));

        var alone = await Store.ReadAsync(Consumer, "alone");
        foreach (var eventId in new[] { "e-1", "e-2" })
        {
            Assert.Equal(alone!.Keys.Order(), (await Store.ReadAsync(Consumer, eventId))!.Keys.Order());
            var record = await Repository.FindAsync(Consumer, eventId, Ct);
            Assert.Equal((InboxStatus.Processed, (DateTimeOffset?)null, (string?)null), (record!.Status, record.LeaseUntil, record.ErrorCode));
            Assert.InRange(record.ProcessedAt!.Value, Store.Now - TimeSpan.FromMinutes(1), Store.Now);
        }
    }

    [Fact]
    public async Task Nothing_marked_together_is_nothing() => Assert.Empty(await Repository.TryMarkProcessedAsync([], Ct));

    [Fact]
    public async Task A_transaction_that_was_closed_without_anything_takes_nothing_and_writes_nothing()
    {
        var claim = await ClaimAsync("e-1");
        await using var transaction = await Repository.BeginAsync(claim, Ct);
        if (transaction.TryCloseEmpty())
        {
            Assert.Throws<ObjectDisposedException>(() => transaction.Emit(Sample.Event("late")));
        }

        Assert.Equal(InboxStatus.Processing, (await Repository.FindAsync(Consumer, "e-1", Ct))!.Status);
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task A_transaction_with_something_in_it_has_to_be_committed()
    {
        var claim = await ClaimAsync("e-1");
        await using var transaction = await Repository.BeginAsync(claim, Ct);
        Store.EnlistEffect(transaction, "effect");
        Assert.False(transaction.TryCloseEmpty());
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.Equal(1, await Store.EffectsAsync("effect"));

        var emitting = await ClaimAsync("e-2");
        await using var emits = await Repository.BeginAsync(emitting, Ct);
        emits.Emit(Sample.Event("emitted"));
        Assert.False(emits.TryCloseEmpty());
        Assert.Equal(CommitOutcome.Committed, await emits.CommitAsync(Ct));
        Assert.NotNull(await Store.Outbox.FindAsync("emitted", Ct));
    }

    [Fact]
    public async Task A_repeated_mark_knows_its_own_work()
    {
        var claim = await ClaimAsync("e-1");
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
        Assert.False(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));

        var failed = await ClaimAsync("e-2");
        Assert.True(await Repository.MarkFailedAsync(failed, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.False(await Repository.MarkProcessedAsync(failed, Ct));
    }

    [Fact]
    public async Task Enlisted_writes_and_emitted_events_commit_with_the_mark()
    {
        var claim = await ClaimAsync("e-1");
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistEffect(transaction, "a");
            Store.EnlistEffect(transaction, "b");
            transaction.Emit(Sample.Event("emitted", """{ "by" : "handler" }"""));
            Assert.Equal((0, 0, null), (await Store.EffectsAsync("a"), await Store.EffectsAsync("b"), await Store.Outbox.FindAsync("emitted", Ct)));
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.True(await Repository.IsProcessedAsync(Consumer, "e-1", Ct));
        Assert.Equal((1, 1), (await Store.EffectsAsync("a"), await Store.EffectsAsync("b")));
        var row = await Store.Outbox.FindAsync("emitted", Ct);
        Assert.Equal((OutboxStatus.Pending, """{ "by" : "handler" }"""), (row!.Status, row.Event.Payload));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(25)]
    public async Task The_record_names_the_events_that_its_handler_has_emitted(int count)
    {
        // As long as an id can be, with what JSON escapes.
        string[] ids = [.. Enumerable.Range(0, count).Select(i => $"{i:D2}-\"\\é\U0001F680-".PadRight(RowContract.MaxEventIdLength, '\u20AC'))];
        var claim = await ClaimAsync("e-1");
        Assert.Null((await Repository.FindAsync(Consumer, "e-1", Ct))!.Emitted);
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            foreach (var id in ids)
            {
                transaction.Emit(Sample.Event(id));
            }

            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        var emitted = (await Repository.FindAsync(Consumer, "e-1", Ct))!.Emitted;
        Assert.Equal(count, emitted!.Count);
        Assert.Equal(ids.Take(EmittedEvents.MostIds), emitted.EventIds);
    }

    [Fact]
    public async Task A_record_whose_handler_emitted_nothing_holds_nothing_for_it()
    {
        await using (var transaction = await Repository.BeginAsync(await ClaimAsync("enlisted"), Ct))
        {
            Store.EnlistEffect(transaction, "a");
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        await ProcessAsync("alone");
        Assert.Equal<bool[]>([true], await MarkTogetherAsync([await ClaimAsync("together")]));

        foreach (var eventId in new[] { "enlisted", "alone", "together" })
        {
            Assert.Null((await Repository.FindAsync(Consumer, eventId, Ct))!.Emitted);
            Assert.DoesNotContain("emitted", (await Store.ReadAsync(Consumer, eventId))!.Keys);
        }
    }

    [Fact]
    public async Task A_commit_that_fails_leaves_no_emitted_events_in_the_record()
    {
        var claim = await ClaimAsync("e-1");
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistImpossible(transaction, "b");
            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal(CommitOutcome.EnlistedConditionFailed, await transaction.CommitAsync(Ct));
        }

        Assert.Null((await Repository.FindAsync(Consumer, "e-1", Ct))!.Emitted);
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.EnlistedConditionFailed, "no", Ct));
        Assert.Null((await Repository.FindAsync(Consumer, "e-1", Ct))!.Emitted);

        await ProcessAsync("e-1");
        Assert.Null((await Repository.FindAsync(Consumer, "e-1", Ct))!.Emitted);
    }

    [Fact]
    public async Task A_transaction_with_nothing_in_it_is_the_mark_alone()
    {
        var claim = await ClaimAsync("e-1");
        await using var transaction = await Repository.BeginAsync(claim, Ct);
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.True(await Repository.IsProcessedAsync(Consumer, "e-1", Ct));
    }

    [Fact]
    public async Task A_transaction_that_is_left_uncommitted_writes_nothing()
    {
        var claim = await ClaimAsync("e-1");
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistEffect(transaction, "a");
            transaction.Emit(Sample.Event("emitted"));
        }

        await AssertNothingHappenedAsync();
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
    }

    [Fact]
    public async Task Nothing_is_written_where_an_enlisted_condition_fails()
    {
        var claim = await ClaimAsync("e-1");
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistEffect(transaction, "a");
            Store.EnlistImpossible(transaction, "b");
            transaction.Emit(Sample.Event("emitted"));
            Assert.Equal(CommitOutcome.EnlistedConditionFailed, await transaction.CommitAsync(Ct));
        }

        await AssertNothingHappenedAsync();
        Assert.True(await Repository.MarkFailedAsync(claim, ErrorCodes.EnlistedConditionFailed, "no", Ct));
    }

    [Fact]
    public async Task Nothing_is_written_where_an_emitted_events_id_is_taken_by_another()
    {
        await Store.Outbox.FindOrCreateAsync(Sample.Event("taken", "another"), Ct);
        var claim = await ClaimAsync("e-1");
        await using (var transaction = await Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistEffect(transaction, "a");
            transaction.Emit(Sample.Event("taken", "mine"));
            Assert.Equal(CommitOutcome.EnlistedConditionFailed, await transaction.CommitAsync(Ct));
        }

        await AssertNothingHappenedAsync();
        Assert.Equal("another", (await Store.Outbox.FindAsync("taken", Ct))!.Event.Payload);
    }

    [Fact]
    public async Task Nothing_is_written_where_the_claim_was_lost()
    {
        var late = await ClaimAsync("e-1");
        await using var transaction = await Repository.BeginAsync(late, Ct);
        Store.EnlistEffect(transaction, "a");
        transaction.Emit(Sample.Event("emitted"));
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var current = await ClaimAsync("e-1", Store.CreateRepository());

        Assert.Equal(CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));

        await AssertNothingHappenedAsync();
        Assert.True(await Repository.MarkProcessedAsync(current, Ct));
    }

    [Fact]
    public async Task The_effect_of_two_workers_on_one_event_happens_once()
    {
        var slow = await ClaimAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var quick = await ClaimAsync("e-1", Store.CreateRepository());

        var outcomes = await AtOnceAsync(2, async i =>
        {
            var repository = Store.CreateRepository();
            while (true)
            {
                try
                {
                    await using var transaction = await repository.BeginAsync(i == 0 ? slow : quick, Ct);
                    Store.EnlistEffect(transaction, "a");
                    return await transaction.CommitAsync(Ct);
                }
                catch (Exception e) when (repository.IsOutage(e))
                {
                    // Where transactions do not wait for each other one of the two is refused, and its message comes again.
                }
            }
        });

        Assert.Equal([CommitOutcome.ClaimLost, CommitOutcome.Committed], outcomes);
        Assert.Equal(1, await Store.EffectsAsync("a"));
    }

    [Fact]
    public async Task An_event_that_breaks_the_contract_cannot_be_emitted()
    {
        await using var transaction = await Repository.BeginAsync(await ClaimAsync("e-1"), Ct);
        Assert.Throws<RowContractException>(() => transaction.Emit(Sample.Event("emitted", subject: "a..b")));
    }

    /// <summary>The ending does not hold, says so, and leaves everything exactly as it was.</summary>
    private async Task AssertLateAsync(InboxClaim.Claimed claim, Ending ending)
    {
        var before = await Store.ReadAsync(claim.Consumer, claim.EventId);
        switch (ending)
        {
            case Ending.Processed:
                Assert.False(await Repository.MarkProcessedAsync(claim, Ct));
                break;
            case Ending.Failed:
                Assert.False(await Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "late", Ct));
                break;
            case Ending.Released:
                Assert.False(await Repository.ReleaseAsync(claim, ErrorCodes.NoTimeLeft, "no", Ct));
                break;
            default:
                await using (var transaction = await Repository.BeginAsync(claim, Ct))
                {
                    Store.EnlistEffect(transaction, "late");
                    Assert.Equal(CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));
                }

                Assert.Equal(0, await Store.EffectsAsync("late"));
                break;
        }

        Assert.Equal(before, await Store.ReadAsync(claim.Consumer, claim.EventId));
    }

    private async Task AssertNothingHappenedAsync()
    {
        Assert.False(await Repository.IsProcessedAsync(Consumer, "e-1", Ct));
        Assert.Equal(0, await Store.EffectsAsync("a"));
        Assert.Null(await Store.Outbox.FindAsync("emitted", Ct));
    }

    // As the consumer does it: whoever was not marked with the others asks alone.
    private async Task<bool[]> MarkTogetherAsync(IReadOnlyList<InboxClaim.Claimed> claims)
    {
        var together = await Repository.TryMarkProcessedAsync(claims, Ct);
        var marked = new bool[claims.Count];
        for (var i = 0; i < claims.Count; i++)
        {
            marked[i] = together[i] || await Repository.MarkProcessedAsync(claims[i], Ct);
        }

        return marked;
    }
}
