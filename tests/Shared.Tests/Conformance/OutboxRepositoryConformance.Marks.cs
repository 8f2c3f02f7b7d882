using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Shared.Tests.Conformance;

// Recording what became of a row: only the holder of its claim may.
public abstract partial class OutboxRepositoryConformance
{
    public enum Mark
    {
        Sent,
        Retry,
        Park,
    }

    [Fact]
    public async Task A_row_that_the_broker_took_is_sent()
    {
        await CreateAsync("e-1");
        var claim = await ClaimOneAsync("e-1");

        var result = await MarkAsync(Mark.Sent, claim);

        Assert.Equal((1, 0, 0), (result.Applied, result.Late.Count, result.Unrecorded.Count));
        var row = await Repository.FindAsync("e-1", Ct);
        if (!Store.KeepsSentRows)
        {
            Assert.Null(row);
            return;
        }

        Assert.Equal(OutboxStatus.Sent, row!.Status);
        Assert.InRange(row.SentAt!.Value, Store.Now - TimeSpan.FromMinutes(1), Store.Now);
        Assert.Null(row.DueAt);
    }

    [Fact]
    public async Task A_row_to_be_retried_is_due_after_its_delay_and_remembers_its_attempts()
    {
        await CreateAsync("e-1");
        var claim = await ClaimOneAsync("e-1");

        var result = await Repository.RetryAsync(
            [new("e-1", claim.Token, 4, TimeSpan.FromMinutes(10), ErrorCodes.PublishUnknown, "lost")], Ct);

        Assert.Equal(1, result.Applied);
        var row = await Repository.FindAsync("e-1", Ct);
        Assert.Equal((OutboxStatus.Pending, 4, ErrorCodes.PublishUnknown, "lost"), (row!.Status, row.Attempts, row.ErrorCode, row.ErrorMessage));
        Assert.True(row.Token.IsNone);

        await Store.PassAsync(TimeSpan.FromMinutes(9));
        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(4, Assert.Single(await Repository.ClaimAsync(10, Lease, Ct)).Attempts);
    }

    [Fact]
    public async Task A_row_goes_back_without_an_error_where_nothing_failed()
    {
        await CreateAsync("e-1");
        var claim = await ClaimOneAsync("e-1");
        Assert.Equal(1, (await Repository.RetryAsync([new("e-1", claim.Token, 0, TimeSpan.Zero, null, null)], Ct)).Applied);
        Assert.Null((await Repository.FindAsync("e-1", Ct))!.ErrorCode);
        Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task A_parked_row_keeps_its_reason_and_is_never_claimed()
    {
        await CreateAsync("e-1");
        var claim = await ClaimOneAsync("e-1");

        Assert.Equal(1, (await MarkAsync(Mark.Park, claim)).Applied);

        var row = await Repository.FindAsync("e-1", Ct);
        Assert.Equal((OutboxStatus.Failed, 9, ErrorCodes.PublishRejected, "why"), (row!.Status, row.Attempts, row.ErrorCode, row.ErrorMessage));
        Assert.NotNull(row.FailedAt);
        await Store.PassAsync(TimeSpan.FromDays(30));
        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
        await ResetAllAsync(TimeSpan.Zero);
        await ReconcileAllAsync(TimeSpan.Zero);
        Assert.Equal(OutboxStatus.Failed, await StatusAsync("e-1"));
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task A_late_worker_changes_nothing_after_its_claim_was_taken_over(Mark mark)
    {
        await CreateAsync("e-1");
        var late = await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var current = Assert.Single(await Store.CreateRepository().ClaimAsync(1, Lease, Ct));
        await AssertLateAsync(mark, late);

        Assert.Equal(1, (await MarkAsync(Mark.Sent, current)).Applied);
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task A_late_worker_changes_nothing_after_its_claim_was_reset(Mark mark)
    {
        await CreateAsync("e-1");
        var late = await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromMinutes(2));
        Assert.Equal(1, await ResetAllAsync(TimeSpan.FromMinutes(1)));
        await AssertLateAsync(mark, late);
        Assert.Equal(OutboxStatus.Pending, await StatusAsync("e-1"));
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task A_row_that_was_sent_never_changes_again(Mark mark)
    {
        await CreateAsync("e-1");
        var late = await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await MarkAsync(Mark.Sent, await ClaimOneAsync("e-1"))).Applied);

        await AssertLateAsync(mark, late);
        if (mark != Mark.Sent)
        {
            // A stream record has no token: where the row is sent it has nothing more to say.
            await AssertLateAsync(mark, late with { Token = ClaimToken.None });
        }
    }

    [Fact]
    public async Task A_row_that_was_sent_never_becomes_pending_again()
    {
        await CreateAsync("e-1");
        await SendAsync("e-1");
        var before = await Store.ReadAsync("e-1");

        await Store.PassAsync(TimeSpan.FromDays(6));
        Assert.Empty(await Repository.ClaimAsync(10, Lease, Ct));
        await ResetAllAsync(TimeSpan.Zero);
        await ReconcileAllAsync(TimeSpan.Zero);

        Assert.Equal(before, await Store.ReadAsync("e-1"));
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task A_row_that_was_parked_is_not_changed_by_a_late_worker(Mark mark)
    {
        await CreateAsync("e-1");
        var late = await ClaimOneAsync("e-1");
        await Store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        await ParkAsync("e-1");
        await AssertLateAsync(mark, late);
        if (mark != Mark.Park)
        {
            await AssertLateAsync(mark, late with { Token = ClaimToken.None });
        }
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task A_mark_on_a_deleted_row_makes_no_ghost(Mark mark)
    {
        await CreateAsync("claimed", "unclaimed");
        var claim = await ClaimOneAsync("claimed");
        await Store.DeleteAsync("claimed");
        await Store.DeleteAsync("unclaimed");

        await AssertLateAsync(mark, claim);
        if (mark == Mark.Sent && !Store.KeepsSentRows)
        {
            // Nothing tells it from a row that was sent.
            Assert.Equal((1, 0), await AppliedAndLateAsync(mark, new OutboxClaim("unclaimed", ClaimToken.None, 0)));
        }
        else
        {
            await AssertLateAsync(mark, new OutboxClaim("unclaimed", ClaimToken.None, 0));
        }

        Assert.Empty(await Repository.GetCountByStatusAsync(Ct));
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task A_token_that_nobody_holds_changes_nothing(Mark mark)
    {
        await CreateAsync("e-1");
        await AssertLateAsync(mark, new OutboxClaim("e-1", new ClaimToken("made-up"), 0));
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task The_right_of_a_stream_record_holds_on_a_row_that_nobody_has_claimed(Mark mark)
    {
        await CreateAsync("e-1");
        Assert.Equal(1, (await MarkAsync(mark, new OutboxClaim("e-1", ClaimToken.None, 0))).Applied);
        await AssertMarkedAsync(mark, "e-1");
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task The_right_of_a_stream_record_ends_when_somebody_claims_the_row(Mark mark)
    {
        await CreateAsync("e-1");
        var claim = await ClaimOneAsync("e-1");
        await AssertLateAsync(mark, claim with { Token = ClaimToken.None });
        Assert.Equal(1, (await MarkAsync(mark, claim)).Applied);
    }

    [Fact]
    public async Task A_repeated_sent_mark_knows_its_own_work()
    {
        await CreateAsync("e-1");
        var claim = await ClaimOneAsync("e-1");
        Assert.Equal(1, (await MarkAsync(Mark.Sent, claim)).Applied);

        // Where sent rows are gone, nothing says that it was this claim's mark that took the row away.
        Assert.Equal(Store.KeepsSentRows ? (1, 0) : (0, 1), await AppliedAndLateAsync(Mark.Sent, claim));
    }

    [Theory]
    [InlineData(Mark.Sent)]
    [InlineData(Mark.Retry)]
    [InlineData(Mark.Park)]
    public async Task One_late_row_does_not_change_its_neighbours_outcome(Mark mark)
    {
        var ids = Enumerable.Range(0, 60).Select(i => $"e-{i:00}").ToArray();
        await AtOnceAsync(ids.Length, i => Repository.FindOrCreateAsync(Support.Sample.Event(ids[i]), Ct));
        var claims = await Repository.ClaimAsync(100, Lease, Ct);
        await Store.DeleteAsync("e-07");
        await SendAsAnotherAsync("e-33");

        var result = await MarkAsync(mark, [.. claims]);

        Assert.Equal(58, result.Applied);
        Assert.Equal(["e-07", "e-33"], result.Late.Order());
        Assert.Empty(result.Unrecorded);
        var expected = (mark, Store.KeepsSentRows) switch { (Mark.Sent, true) => 59, (Mark.Sent, false) => 0, _ => 58 };
        Assert.Equal(expected, (await Repository.GetCountByStatusAsync(Ct)).GetValueOrDefault(Text(Expected(mark))));
    }

    [Fact]
    public async Task A_row_that_is_named_twice_in_one_call_does_not_change_its_neighbours_outcome()
    {
        await CreateAsync("a", "b");
        var claims = await Repository.ClaimAsync(10, Lease, Ct);
        var result = await MarkAsync(Mark.Sent, [.. claims, .. claims]);
        Assert.Empty(result.Unrecorded);
        await AssertMarkedAsync(Mark.Sent, "a");
        await AssertMarkedAsync(Mark.Sent, "b");
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\U0001F680")]
    [InlineData("half a pair")]
    public async Task Error_text_is_bounded(string part)
    {
        var unit = part == "half a pair" ? "\0\uD83D" : part;
        var text = string.Concat(Enumerable.Repeat(unit, 10_000 / unit.Length));
        await CreateAsync("retry", "park");
        var retry = await ClaimOneAsync("retry");
        var park = await ClaimOneAsync("park");

        Assert.Equal(1, (await Repository.RetryAsync([new("retry", retry.Token, 1, TimeSpan.Zero, ErrorCodes.PublishUnknown, text)], Ct)).Applied);
        Assert.Equal(1, (await Repository.ParkAsync([new("park", park.Token, 1, ErrorCodes.PublishUnknown, text)], Ct)).Applied);

        foreach (var eventId in new[] { "retry", "park" })
        {
            Assert.InRange((await Repository.FindAsync(eventId, Ct))!.ErrorMessage!.Length, 900, 1000);
        }
    }

    [Fact]
    public async Task No_marks_are_no_call()
    {
        Assert.Equal(0, (await Repository.MarkSentAsync([], Ct)).Applied);
        Assert.Equal(0, (await Repository.RetryAsync([], Ct)).Applied);
        Assert.Equal(0, (await Repository.ParkAsync([], Ct)).Applied);
    }

    private Task<MarkResult> MarkAsync(Mark mark, params OutboxClaim[] claims) => mark switch
    {
        Mark.Sent => Repository.MarkSentAsync([.. claims.Select(c => new OutboxMark(c.EventId, c.Token))], Ct),
        Mark.Retry => Repository.RetryAsync(
            [.. claims.Select(c => new RetryMark(c.EventId, c.Token, 9, TimeSpan.FromSeconds(1), ErrorCodes.PublishUnknown, "why"))], Ct),
        _ => Repository.ParkAsync([.. claims.Select(c => new ParkMark(c.EventId, c.Token, 9, ErrorCodes.PublishRejected, "why"))], Ct),
    };

    private async Task<(int Applied, int Late)> AppliedAndLateAsync(Mark mark, OutboxClaim claim)
    {
        var result = await MarkAsync(mark, claim);
        return (result.Applied, result.Late.Count);
    }

    /// <summary>The mark does not hold, says so, and leaves the row exactly as it was.</summary>
    private async Task AssertLateAsync(Mark mark, OutboxClaim claim)
    {
        var before = await Store.ReadAsync(claim.EventId);
        var result = await MarkAsync(mark, claim);
        Assert.Equal(0, result.Applied);
        Assert.Equal([claim.EventId], result.Late);
        Assert.Empty(result.Unrecorded);
        Assert.Equal(before, await Store.ReadAsync(claim.EventId));
    }

    private async Task AssertMarkedAsync(Mark mark, string eventId) => Assert.Equal(
        mark == Mark.Sent && !Store.KeepsSentRows ? null : Expected(mark), (await Repository.FindAsync(eventId, Ct))?.Status);

    // Whoever deletes and writes a row again, under a running claim, makes that claim worthless.
    private async Task SendAsAnotherAsync(string eventId)
    {
        await Store.DeleteAsync(eventId);
        await CreateAsync(eventId);
        await SendAsync(eventId);
    }

    private static OutboxStatus Expected(Mark mark) => mark switch
    {
        Mark.Sent => OutboxStatus.Sent,
        Mark.Retry => OutboxStatus.Pending,
        _ => OutboxStatus.Failed,
    };

    private static string Text(OutboxStatus status) => status switch
    {
        OutboxStatus.Sent => OutboxStatusText.Sent,
        OutboxStatus.Pending => OutboxStatusText.Pending,
        _ => OutboxStatusText.Failed,
    };
}
