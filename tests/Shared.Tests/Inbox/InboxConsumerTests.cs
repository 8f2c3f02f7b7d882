using System.Text.Json.Serialization;
using Microsoft.Extensions.Time.Testing;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Inbox;

public partial class InboxConsumerTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly FakeInbox _inbox;
    private readonly HandlerRegistry _handlers = new("default");
    private readonly RecordingLogger<InboxConsumer> _log = new();
    private ConsumerOptions _options = new() { MaxAttempts = 3 };

    public InboxConsumerTests() => _inbox = new FakeInbox(_clock);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_is_handled_once_however_often_it_comes()
    {
        var handler = Add("orders.>");
        Assert.IsType<MessageOutcome.Processed>(await ConsumeOneAsync(Sample.Message("a")));
        Assert.IsType<MessageOutcome.Duplicate>(await ConsumeOneAsync(Sample.Message("a")));
        Assert.Equal(["a"], handler.Handled);
    }

    [Fact]
    public async Task A_duplicate_within_one_batch_is_handled_once()
    {
        var handler = Add("orders.>");
        var outcomes = await ConsumeAsync(Sample.Message("a"), Sample.Message("b"), Sample.Message("a"), Sample.Message("a"));
        Assert.Equal(["a", "b"], handler.Handled.Order());
        Assert.Equal(
            [typeof(MessageOutcome.Processed), typeof(MessageOutcome.Processed), typeof(MessageOutcome.Duplicate), typeof(MessageOutcome.Duplicate)],
            outcomes.Select(outcome => outcome.GetType()));
    }

    [Fact]
    public async Task Another_payload_under_the_same_id_in_one_batch_is_a_dead_letter()
    {
        var handler = Add("orders.>");
        var outcomes = await ConsumeAsync(Sample.Message("a"), Sample.Message("a", "other"));
        Assert.IsType<MessageOutcome.Processed>(outcomes[0]);
        Assert.Equal(ErrorCodes.EventIdConflict, Assert.IsType<MessageOutcome.DeadLetter>(outcomes[1]).ErrorCode);
        Assert.Single(handler.Handled);
    }

    [Fact]
    public async Task A_batch_is_claimed_in_one_call_and_answered_in_order()
    {
        Add("orders.>", (_, context, _) => context.EventId == "b" ? throw new InvalidOperationException() : Task.CompletedTask);
        var outcomes = await ConsumeAsync(Sample.Message("a"), Sample.Message("b"), Sample.Message("c"));
        Assert.Equal([3], _inbox.ClaimSizes);
        Assert.IsType<MessageOutcome.Processed>(outcomes[0]);
        Assert.Equal(ErrorCodes.HandlerFailed, Assert.IsType<MessageOutcome.Retry>(outcomes[1]).ErrorCode);
        Assert.IsType<MessageOutcome.Processed>(outcomes[2]);
        Assert.Empty(await ConsumeAsync());
    }

    [Fact]
    public async Task A_large_batch_comes_back_whole()
    {
        var handler = Add("orders.>");
        var outcomes = await ConsumeAsync([.. Enumerable.Range(0, 250).Select(i => Sample.Message($"e-{i}"))]);
        Assert.Equal(250, outcomes.OfType<MessageOutcome.Processed>().Count());
        Assert.Equal(250, handler.Handled.Distinct().Count());
    }

    [Fact]
    public async Task No_more_messages_are_handled_at_once_than_configured()
    {
        _options = _options with { Concurrency = 3 };
        var now = 0;
        var most = 0;
        using var gate = new SemaphoreSlim(0);
        Add("orders.>", async (_, _, ct) =>
        {
            var running = Interlocked.Increment(ref now);
            InterlockedMax(ref most, running);
            await gate.WaitAsync(ct);
            Interlocked.Decrement(ref now);
        });

        var consuming = ConsumeAsync([.. Enumerable.Range(0, 12).Select(i => Sample.Message($"e-{i}"))]);
        await Eventually.TrueAsync(() => Volatile.Read(ref now) == 3, "three messages in work");
        gate.Release(12);
        await consuming;
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task A_group_stops_at_its_first_failure_while_others_go_on()
    {
        var handler = Add("orders.>", (_, context, _) => context.EventId == "a-2" ? throw new InvalidOperationException() : Task.CompletedTask);
        var outcomes = await ConsumeAsync(
            InGroup("a-1", "A"), InGroup("a-2", "A"), InGroup("b-1", "B"), InGroup("a-3", "A"), InGroup("b-2", "B"), Sample.Message("free"));

        Assert.Equal(ErrorCodes.HandlerFailed, Assert.IsType<MessageOutcome.Retry>(outcomes[1]).ErrorCode);
        Assert.Equal(ErrorCodes.GroupBlocked, Assert.IsType<MessageOutcome.Retry>(outcomes[3]).ErrorCode);
        foreach (var i in new[] { 0, 2, 4, 5 })
        {
            Assert.IsType<MessageOutcome.Processed>(outcomes[i]);
        }

        Assert.DoesNotContain("a-3", handler.Handled);
        Assert.Null(await _inbox.FindAsync("default", "a-3", Ct));
        Assert.Equal(["a-1", "a-2"], handler.Handled.Where(id => id[0] == 'a'));
        Assert.Equal(["b-1", "b-2"], handler.Handled.Where(id => id[0] == 'b'));
    }

    [Fact]
    public async Task A_dead_letter_does_not_block_its_group()
    {
        _handlers.Add("orders.typed", new Handler<Order>(), TestJson.Default.Order);
        Add("orders.*");
        var outcomes = await ConsumeAsync(
            Sample.Message(Sample.Event("a", "not json", "orders.typed"), "G"), InGroup("b", "G"));
        Assert.IsType<MessageOutcome.DeadLetter>(outcomes[0]);
        Assert.IsType<MessageOutcome.Processed>(outcomes[1]);
    }

    [Fact]
    public async Task A_handlers_exception_never_shows_its_text()
    {
        Add("orders.>", (_, _, _) => throw new InvalidOperationException("card 4111-1111", new ArgumentException("cvc 999")));
        for (var i = 0; i < 4; i++)
        {
            var outcome = await ConsumeOneAsync(Sample.Message("a", "payload-4111"));
            Assert.DoesNotContain("4111", $"{outcome}", StringComparison.Ordinal);
        }

        Assert.Contains("System.InvalidOperationException", (await _inbox.FindAsync("default", "a", Ct))!.ErrorMessage!, StringComparison.Ordinal);
        Assert.DoesNotContain("4111", (await _inbox.FindAsync("default", "a", Ct))!.ErrorMessage!, StringComparison.Ordinal);
        Assert.NotEmpty(_log.Lines);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("4111", StringComparison.Ordinal) || line.Contains("999", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failed_message_is_tried_again_after_a_delay_that_grows_and_is_dead_after_its_last_attempt()
    {
        Add("orders.>", (_, _, _) => throw new InvalidOperationException());

        Assert.Equal(TimeSpan.FromSeconds(1), Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).Delay);
        Assert.Equal(TimeSpan.FromSeconds(2), Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).Delay);
        Assert.Equal(ErrorCodes.AttemptsExhausted, Assert.IsType<MessageOutcome.DeadLetter>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);

        // Should it come again all the same, the handler is left alone.
        Assert.Equal(ErrorCodes.AttemptsExhausted, Assert.IsType<MessageOutcome.DeadLetter>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
        Assert.Equal(3, (await _inbox.FindAsync("default", "a", Ct))!.Deliveries);
    }

    [Fact]
    public async Task A_payload_that_cannot_be_read_is_a_dead_letter_without_its_content()
    {
        var handler = new Handler<Order>();
        _handlers.Add("orders.placed", handler, TestJson.Default.Order);
        foreach (var payload in new[] { "secret text", """{"id":"secret"}""", "null", "[1,2", "" })
        {
            var outcome = Assert.IsType<MessageOutcome.DeadLetter>(await ConsumeOneAsync(Sample.Message(payload: payload)));
            Assert.Equal(ErrorCodes.PayloadUnreadable, outcome.ErrorCode);
            Assert.DoesNotContain("secret", outcome.Reason, StringComparison.Ordinal);
        }

        Assert.Empty(handler.Handled);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_typed_handler_gets_the_payload_and_what_is_around_it()
    {
        MessageContext? seen = null;
        Order? order = null;
        _handlers.Add("orders.placed", new Handler<Order>((o, c, _) =>
        {
            (order, seen) = (o, c);
            return Task.CompletedTask;
        }), TestJson.Default.Order);
        var written = Sample.Event("a", """{"id":7}""") with
        {
            Headers = new Dictionary<string, string> { ["h"] = "v" },
            OrderingKey = "k",
            EnqueuedAt = _clock.GetUtcNow(),
            Result = """{ "total": 9.50 }""",
        };

        Assert.IsType<MessageOutcome.Processed>(await ConsumeOneAsync(Sample.Message(written)));

        Assert.Equal(7, order!.Id);
        Assert.Equal(
            ("a", "orders.placed", "default", "k", 1, 1L),
            (seen!.EventId, seen.Subject, seen.Consumer, seen.OrderingKey, seen.Deliveries, seen.FencingToken));
        Assert.Equal("v", seen.Headers["h"]);
        Assert.Equal(written.EnqueuedAt, seen.EnqueuedAt);
        Assert.Equal("""{ "total": 9.50 }""", seen.Result);
    }

    [Fact]
    public async Task A_message_without_a_handler_or_against_the_contract_is_a_dead_letter_and_its_neighbours_are_handled()
    {
        var handler = Add("orders.>");
        var outcomes = await ConsumeAsync(
            Sample.Message("a", subject: "invoices.sent"), Sample.Message("b"), Sample.Message("c", subject: "orders.*"), Sample.Message("d"));
        Assert.Equal(ErrorCodes.SubjectUnhandled, Assert.IsType<MessageOutcome.DeadLetter>(outcomes[0]).ErrorCode);
        Assert.Equal(ErrorCodes.SubjectInvalid, Assert.IsType<MessageOutcome.DeadLetter>(outcomes[2]).ErrorCode);
        Assert.Equal(["b", "d"], handler.Handled.Order());
    }

    [Fact]
    public async Task Every_consumer_of_a_subject_gets_the_message_and_each_once()
    {
        var billing = Add("orders.>", consumer: "billing");
        var fail = true;
        var shipping = Add("orders.*", (_, _, _) => fail ? throw new InvalidOperationException() : Task.CompletedTask, "shipping");

        Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a")));
        fail = false;
        Assert.IsType<MessageOutcome.Processed>(await ConsumeOneAsync(Sample.Message("a")));
        Assert.IsType<MessageOutcome.Duplicate>(await ConsumeOneAsync(Sample.Message("a")));

        Assert.Equal(["a"], billing.Handled);
        Assert.Equal(["a", "a"], shipping.Handled);
    }

    [Fact]
    public async Task What_has_to_come_again_outweighs_what_is_dead()
    {
        Add("orders.*", (_, _, _) => throw new InvalidOperationException(), "retrying");
        _handlers.Add("orders.*", new Handler<Order>(), TestJson.Default.Order, "dead");
        Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a", "not json")));
    }

    [Fact]
    public async Task A_message_that_another_worker_handles_comes_back_after_that_lease()
    {
        Add("orders.>");
        await _inbox.ClaimAsync("default", [Sample.Message("a")], TimeSpan.FromSeconds(40), 3, Ct);
        var retry = Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a")));
        Assert.Equal(ErrorCodes.InProgressElsewhere, retry.ErrorCode);
        Assert.InRange(retry.Delay, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(43));
    }

    [Fact]
    public async Task A_message_is_retried_where_the_store_cannot_be_asked()
    {
        var handler = Add("orders.>");
        _inbox.ClaimFailure = new InvalidOperationException("secret");
        Assert.Equal(ErrorCodes.StoreFailed, Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
        Assert.Empty(handler.Handled);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_is_retried_where_neither_success_nor_failure_can_be_recorded()
    {
        Add("orders.>");
        _inbox.CommitFailure = new InvalidOperationException();
        _inbox.MarkFailure = new InvalidOperationException();
        Assert.Equal(ErrorCodes.StoreFailed, Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
    }

    [Fact]
    public async Task A_handler_whose_claim_was_taken_over_has_not_processed_anything()
    {
        Add("orders.>", (_, context, _) =>
        {
            _inbox.TakeOver("default", "a");
            context.Transaction.Emit(Sample.Event("emitted"));
            return Task.CompletedTask;
        });
        Assert.Equal(ErrorCodes.ClaimLost, Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
        Assert.Empty(_inbox.Emitted);
    }

    [Fact]
    public async Task An_enlisted_condition_that_fails_is_a_failed_attempt()
    {
        Add("orders.>");
        _inbox.CommitAnswer = CommitOutcome.EnlistedConditionFailed;
        Assert.Equal(ErrorCodes.EnlistedConditionFailed, Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
        Assert.Equal(InboxStatus.Failed, (await _inbox.FindAsync("default", "a", Ct))!.Status);
    }

    [Fact]
    public async Task Emitted_events_go_out_with_the_mark_and_not_after_a_failure()
    {
        var fail = true;
        Add("orders.>", (_, context, _) =>
        {
            context.Transaction.Emit(Sample.Event("emitted"));
            return fail ? throw new InvalidOperationException() : Task.CompletedTask;
        });
        await ConsumeOneAsync(Sample.Message("a"));
        Assert.Empty(_inbox.Emitted);
        fail = false;
        await ConsumeOneAsync(Sample.Message("a"));
        Assert.Equal("emitted", Assert.Single(_inbox.Emitted).EventId);
    }

    [Fact]
    public async Task Work_that_cannot_finish_is_not_begun()
    {
        var handler = Add("orders.>");
        foreach (var left in new[] { TimeSpan.FromSeconds(2), TimeSpan.Zero, TimeSpan.FromSeconds(-10) })
        {
            var outcomes = await Consumer().ConsumeAsync([Sample.Message("a"), Sample.Message("b")], WorkDeadline.After(left, _clock), Ct);
            Assert.All(outcomes, outcome => Assert.Equal(ErrorCodes.NoTimeLeft, Assert.IsType<MessageOutcome.Retry>(outcome).ErrorCode));
        }

        Assert.Empty(handler.Handled);
        Assert.Empty(_inbox.ClaimSizes);
    }

    [Fact]
    public async Task A_message_whose_turn_comes_too_late_is_given_back_and_uses_up_no_attempt()
    {
        _options = _options with { Concurrency = 1, MaxAttempts = 1 };
        var handler = Add("orders.>", (_, _, _) =>
        {
            _clock.Advance(TimeSpan.FromSeconds(58));
            return Task.CompletedTask;
        });

        var outcomes = await ConsumeAsync(Sample.Message("a"), Sample.Message("b"));

        Assert.IsType<MessageOutcome.Processed>(outcomes[0]);
        Assert.Equal(ErrorCodes.NoTimeLeft, Assert.IsType<MessageOutcome.Retry>(outcomes[1]).ErrorCode);
        Assert.Equal(["a"], handler.Handled);
        Assert.Equal(0, (await _inbox.FindAsync("default", "b", Ct))!.Deliveries);
        Assert.IsType<MessageOutcome.Processed>(await ConsumeOneAsync(Sample.Message("b")));
    }

    [Fact]
    public async Task A_handler_that_blocks_its_thread_is_left_behind()
    {
        using var begun = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        Add("orders.>", (_, _, _) =>
        {
            begun.Set();
            goOn.Wait(TimeSpan.FromSeconds(30), CancellationToken.None);
            return Task.CompletedTask;
        });

        var consuming = Task.Run(
            () => Consumer().ConsumeAsync([Sample.Message("a")], WorkDeadline.After(TimeSpan.FromSeconds(10), _clock), Ct), Ct);
        Assert.True(begun.Wait(TimeSpan.FromSeconds(30), Ct));
        _clock.Advance(TimeSpan.FromSeconds(9.5));
        var outcome = Assert.Single(await consuming.WaitAsync(TimeSpan.FromSeconds(15), TimeProvider.System, Ct));
        goOn.Set();
        Assert.Equal(ErrorCodes.HandlerDeadline, Assert.IsType<MessageOutcome.Retry>(outcome).ErrorCode);
    }

    [Fact]
    public async Task A_handler_that_ignores_its_token_is_left_behind_and_cannot_write_any_more()
    {
        var begun = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var late = new TaskCompletionSource<Exception?>();
        Add("orders.>", async (_, context, _) =>
        {
            begun.SetResult();
            await goOn.Task;
            late.SetResult(Record.Exception(() => context.Transaction.Emit(Sample.Event("emitted"))));
        });

        var consuming = Consumer().ConsumeAsync([Sample.Message("a")], WorkDeadline.After(TimeSpan.FromSeconds(10), _clock), Ct);
        await begun.Task.WaitAsync(Ct);
        _clock.Advance(TimeSpan.FromSeconds(9.5));

        Assert.Equal(ErrorCodes.HandlerDeadline, Assert.IsType<MessageOutcome.Retry>(Assert.Single(await consuming.WaitAsync(Ct))).ErrorCode);
        goOn.SetResult();
        Assert.IsType<ObjectDisposedException>(await late.Task.WaitAsync(Ct));
        Assert.Empty(_inbox.Emitted);
        Assert.Equal(InboxStatus.Failed, (await _inbox.FindAsync("default", "a", Ct))!.Status);
    }

    [Fact]
    public async Task A_handlers_token_cancels_in_time_to_record_the_failure()
    {
        var begun = new TaskCompletionSource();
        Add("orders.>", async (_, _, ct) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        });
        var consuming = Consumer().ConsumeAsync([Sample.Message("a")], WorkDeadline.After(TimeSpan.FromSeconds(10), _clock), Ct);
        await begun.Task.WaitAsync(Ct);
        _clock.Advance(TimeSpan.FromSeconds(8.9));
        Assert.False(consuming.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(ErrorCodes.HandlerDeadline, Assert.IsType<MessageOutcome.Retry>(Assert.Single(await consuming.WaitAsync(Ct))).ErrorCode);
    }

    [Fact]
    public async Task A_handler_that_cancels_on_its_own_has_failed()
    {
        Add("orders.>", (_, _, _) => throw new TaskCanceledException());
        Assert.Equal(ErrorCodes.HandlerFailed, Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
    }

    [Fact]
    public async Task The_callers_cancellation_ends_the_work()
    {
        using var cancel = new CancellationTokenSource();
        Add("orders.>", async (_, _, ct) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Consumer().ConsumeAsync([Sample.Message("a")], WorkDeadline.After(TimeSpan.FromMinutes(1), _clock), cancel.Token));
    }

    [Fact]
    public async Task A_handler_that_calls_its_payload_unreadable_makes_it_a_dead_letter()
    {
        Add("orders.>", (_, _, _) => throw new MessageFormatException(ErrorCodes.PayloadUnreadable, "The payload is of version 1."));
        Assert.Equal(ErrorCodes.PayloadUnreadable, Assert.IsType<MessageOutcome.DeadLetter>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
        Assert.Equal(InboxStatus.Failed, (await _inbox.FindAsync("default", "a", Ct))!.Status);
    }

    private static InboxMessage InGroup(string eventId, string group) => Sample.Message(Sample.Event(eventId), group);

    private Handler<string> Add(string pattern, Func<string, MessageContext, CancellationToken, Task>? handle = null, string? consumer = null)
    {
        var handler = handle is null ? new Handler<string>() : new Handler<string>(handle);
        _handlers.AddRaw(pattern, handler, consumer);
        return handler;
    }

    private InboxConsumer Consumer() => new(_inbox, _handlers, _options, _clock, new FixedEntropy(), _log);

    private Task<IReadOnlyList<MessageOutcome>> ConsumeAsync(params InboxMessage[] messages) =>
        Consumer().ConsumeAsync(messages, WorkDeadline.After(TimeSpan.FromMinutes(1), _clock), Ct);

    private async Task<MessageOutcome> ConsumeOneAsync(InboxMessage message) => Assert.Single(await ConsumeAsync(message));

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }

    internal sealed record Order(int Id);

    [JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
    [JsonSerializable(typeof(Order))]
    internal sealed partial class TestJson : JsonSerializerContext;
}
