using System.Collections.Concurrent;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Inbox;

// Handlers that last long, and handlers that end their process.
public partial class InboxConsumerTests
{
    // What consumes on it does one thing at a time, so that a test knows when a renewal is over.
    private readonly TaskScheduler _inTurns = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;

    [Fact]
    public async Task While_a_handler_lives_its_claim_and_its_message_are_kept()
    {
        var goOn = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        var extended = new List<TimeSpan>();
        Add("orders.>", (_, _, _) =>
        {
            begun.SetResult();
            return goOn.Task;
        });
        var message = Sample.Message("a") with
        {
            ExtendAsync = (time, _) =>
            {
                extended.Add(time);
                return Task.CompletedTask;
            },
        };
        var consuming = ConsumeInTurnsAsync(message);
        await begun.Task.WaitAsync(Ct);

        for (var renewals = 1; renewals <= 12; renewals++)
        {
            await RenewInTurnsAsync();
            Assert.Equal(renewals, extended.Count);
        }

        // Four leases have passed, and another delivery is told to wait.
        Assert.Equal(
            ErrorCodes.InProgressElsewhere, Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
        goOn.SetResult();
        Assert.IsType<MessageOutcome.Processed>(Assert.Single(await consuming.WaitAsync(Ct)));
        Assert.All(extended, time => Assert.Equal(_options.Lease, time));
        Assert.Equal(12, _inbox.Renewals);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Outages_that_a_process_survives_are_not_taken_for_handlers_that_end_it(bool handlerFails)
    {
        _options = _options with { MaxAttempts = 10 };
        var outage = _inbox.Outage = new TimeoutException();
        var isAway = true;
        Add("orders.>", (_, _, _) =>
        {
            _inbox.CommitFailure = _inbox.MarkFailure = isAway ? outage : null;
            return handlerFails && isAway ? throw new InvalidOperationException() : Task.CompletedTask;
        });
        var process = Consumer();
        for (var outages = 0; outages < InboxClaim.MaxUnfinished; outages++)
        {
            Assert.Equal(ErrorCodes.StoreFailed, Assert.IsType<MessageOutcome.Retry>(await ConsumeItAsync()).ErrorCode);
            _inbox.CommitFailure = _inbox.MarkFailure = null;
            _clock.Advance(_options.Lease * 2);
        }

        // A failure counts as an attempt, and an outage as none.
        isAway = false;
        Assert.IsType<MessageOutcome.Processed>(await ConsumeItAsync());
        Assert.Equal(handlerFails ? InboxClaim.MaxUnfinished + 1 : 1, (await _inbox.FindAsync("default", "a", Ct))!.Deliveries);

        async Task<MessageOutcome> ConsumeItAsync() => Assert.Single(
            await process.ConsumeAsync([Sample.Message("a")], WorkDeadline.After(TimeSpan.FromMinutes(1), _clock), Ct));
    }

    [Fact]
    public async Task A_message_that_cannot_be_kept_costs_no_renewal_of_its_claim()
    {
        var goOn = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        Add("orders.>", (_, _, _) =>
        {
            begun.SetResult();
            return goOn.Task;
        });
        var message = Sample.Message("a") with { ExtendAsync = (_, _) => throw new TimeoutException() };
        var consuming = ConsumeInTurnsAsync(message);
        await begun.Task.WaitAsync(Ct);
        for (var renewals = 1; renewals <= 3; renewals++)
        {
            await RenewInTurnsAsync();
            Assert.Equal(renewals, _inbox.Renewals);
        }

        goOn.SetResult();
        Assert.IsType<MessageOutcome.Processed>(Assert.Single(await consuming.WaitAsync(Ct)));
    }

    [Fact]
    public async Task A_handler_whose_claim_is_anothers_is_told_to_end_and_writes_nothing()
    {
        var begun = new TaskCompletionSource();
        Add("orders.>", async (_, context, ct) =>
        {
            context.Transaction.Emit(Sample.Event("emitted"));
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        });
        var consuming = Consumer().ConsumeAsync([Sample.Message("a")], WorkDeadline.After(TimeSpan.FromMinutes(15), _clock), Ct);
        await begun.Task.WaitAsync(Ct);
        _inbox.TakeOver("default", "a");
        _clock.Advance(_options.Lease / 3);

        var outcome = Assert.Single(await consuming.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct));
        Assert.Equal(ErrorCodes.ClaimLost, Assert.IsType<MessageOutcome.Retry>(outcome).ErrorCode);
        Assert.Empty(_inbox.Emitted);
        Assert.Contains(_log.Lines, line => line.Contains("a", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_claim_that_waited_too_long_for_its_turn_and_is_anothers_is_not_begun()
    {
        _options = _options with { Concurrency = 1 };
        var handler = Add("orders.>", (_, context, _) =>
        {
            if (context.EventId == "a")
            {
                _clock.Advance(_options.Lease * 2);
                _inbox.TakeOver("default", "b");
            }

            return Task.CompletedTask;
        });

        var outcomes = await Consumer().ConsumeAsync(
            [Sample.Message("a"), Sample.Message("b")], WorkDeadline.After(TimeSpan.FromMinutes(15), _clock), Ct);

        Assert.Equal(ErrorCodes.ClaimLost, Assert.IsType<MessageOutcome.Retry>(outcomes[1]).ErrorCode);
        Assert.Equal(["a"], handler.Handled);
    }

    [Fact]
    public async Task What_may_have_ended_its_process_runs_last_and_alone_and_is_counted_before_it_begins()
    {
        await DieWithAsync("suspect-1", "suspect-2");
        var running = 0;
        var atOnce = new ConcurrentDictionary<string, int>();
        var started = new ConcurrentDictionary<string, int>();
        var handler = Add("orders.>", async (_, context, _) =>
        {
            atOnce[context.EventId] = Interlocked.Increment(ref running);
            started[context.EventId] = _inbox.Started.Count;
            await Task.Yield();
            Interlocked.Decrement(ref running);
        });

        var outcomes = await ConsumeAsync(
            Sample.Message("suspect-1"), Sample.Message("a"), Sample.Message("suspect-2"), Sample.Message("b"));

        Assert.All(outcomes, outcome => Assert.IsType<MessageOutcome.Processed>(outcome));
        Assert.Equal(["suspect-1", "suspect-2"], handler.Handled.Skip(2));
        Assert.Equal((1, 1), (atOnce["suspect-1"], atOnce["suspect-2"]));
        Assert.Equal((1, 2), (started["suspect-1"], started["suspect-2"]));
        Assert.Equal((0, 0), (started["a"], started["b"]));
    }

    [Fact]
    public async Task A_message_that_ends_its_process_is_a_dead_letter_after_three_and_its_neighbours_are_handled()
    {
        var dead = new TaskCompletionSource();
        string[] batch = ["a", "poison", "b", "c"];
        var handler = Add("orders.>", (_, context, _) => context.EventId == "poison" ? dead.Task : Task.CompletedTask);

        // The first process dies with all of them; from then on only the poison's handler does not come back.
        await DieWithAsync(batch);
        for (var deaths = 2; deaths <= InboxClaim.MaxUnfinished; deaths++)
        {
            var died = Consumer().ConsumeAsync(
                [.. batch.Select(id => Sample.Message(id))], WorkDeadline.After(TimeSpan.FromHours(10), _clock), Ct);
            await Eventually.TrueAsync(() => handler.Handled.Count(id => id == "poison") == deaths - 1, "the poison is handled");
            Assert.False(died.IsCompleted);
            _inbox.TakeOver("default", "poison");
            _clock.Advance(_options.Lease * 2);
        }

        var outcomes = await ConsumeAsync([.. batch.Select(id => Sample.Message(id))]);

        Assert.Equal(ErrorCodes.AttemptsUnfinished, Assert.IsType<MessageOutcome.DeadLetter>(outcomes[1]).ErrorCode);
        Assert.All(new[] { 0, 2, 3 }, i => Assert.IsType<MessageOutcome.Duplicate>(outcomes[i]));
        Assert.Equal(2, handler.Handled.Count(id => id == "poison"));
        Assert.Equal(3, handler.Handled.Count(id => id != "poison"));
    }

    [Fact]
    public async Task A_suspect_within_a_group_is_put_off_with_all_that_come_after_it()
    {
        await DieWithAsync("g-2");
        var order = new List<string>();
        Add("orders.>", (_, context, _) =>
        {
            lock (order)
            {
                order.Add(context.EventId);
            }

            return Task.CompletedTask;
        });
        var outcomes = await ConsumeAsync(InGroup("g-1", "G"), InGroup("g-2", "G"), InGroup("g-3", "G"), Sample.Message("free"));
        Assert.All(outcomes, outcome => Assert.IsType<MessageOutcome.Processed>(outcome));
        Assert.Equal(["g-2", "g-3"], order.Skip(2));
        Assert.Equal(["free", "g-1"], order.Take(2).Order());
    }

    [Fact]
    public async Task A_message_older_than_the_inbox_remembers_is_a_dead_letter_and_no_record()
    {
        _clock.SetUtcNow(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        var handler = Add("orders.>");
        var remembered = _clock.GetUtcNow() - _options.RememberedFor;
        var outcomes = await ConsumeAsync(
            Sample.Message("old") with { PublishedAt = remembered },
            Sample.Message("young") with { PublishedAt = remembered + TimeSpan.FromHours(1) },
            Sample.Message("unknown"));

        var dead = Assert.IsType<MessageOutcome.DeadLetter>(outcomes[0]);
        Assert.Equal(ErrorCodes.MessageTooOld, dead.ErrorCode);
        Assert.Contains("2025-12-11 12:00:00Z", dead.Reason, StringComparison.Ordinal);
        Assert.Equal(["unknown", "young"], handler.Handled.Order());
        Assert.Null(await _inbox.FindAsync("default", "old", Ct));
    }

    [Fact]
    public async Task No_message_is_young_enough_whose_record_may_be_gone_by_clocks_that_are_ten_minutes_off()
    {
        var off = TimeSpan.FromMinutes(10);
        var sent = _clock.GetUtcNow();
        var processed = sent;

        // The relay's clock is ahead, that of who processed it behind; who cleans up is ahead, and we are behind.
        var message = Sample.Message("again") with { PublishedAt = sent + off };
        var gone = processed - off + _options.RememberedFor - off;
        _clock.SetUtcNow(gone - off + TimeSpan.FromTicks(1));

        var handler = Add("orders.>");
        var outcomes = await ConsumeAsync(message, Sample.Message("younger") with { PublishedAt = sent + off + TimeSpan.FromMinutes(1) });
        Assert.Equal(ErrorCodes.MessageTooOld, Assert.IsType<MessageOutcome.DeadLetter>(outcomes[0]).ErrorCode);
        Assert.Equal(["younger"], handler.Handled);
    }

    private Task<IReadOnlyList<MessageOutcome>> ConsumeInTurnsAsync(InboxMessage message) => Task.Factory.StartNew(
        () => Consumer().ConsumeAsync([message], WorkDeadline.After(TimeSpan.FromMinutes(15), _clock), Ct),
        Ct, TaskCreationOptions.None, _inTurns).Unwrap();

    // A tick that finds the renewal before it under way leaves it at that: the next may come once this one is over.
    private Task RenewInTurnsAsync()
    {
        _clock.Advance(_options.Lease / 3);
        return Task.Factory.StartNew(() => { }, Ct, TaskCreationOptions.None, _inTurns);
    }

    // Claimed, and never heard of again.
    private async Task DieWithAsync(params string[] eventIds)
    {
        await _inbox.ClaimAsync("default", [.. eventIds.Select(id => Sample.Message(id))], _options.Lease, 5, Ct);
        _clock.Advance(_options.Lease * 2);
    }
}