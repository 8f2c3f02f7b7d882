using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Shared.Tests.Support;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Inbox;

/// <summary>Messages whose payloads are in the payload store.</summary>
public class InboxConsumerPayloadTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly FakeInbox _inbox;
    private readonly FakePayloadStore _store = new();
    private readonly HandlerRegistry _handlers = new("default");
    private readonly RecordingLogger<InboxConsumer> _log = new();
    private readonly ConcurrentQueue<(string Payload, MessageContext Context)> _handled = [];
    private readonly ConcurrentQueue<(string EventId, MessageOutcome.DeadLetter Dead)> _dead = [];
    private ConsumerOptions _options = new() { MaxAttempts = 3 };
    private Func<string, Task> _handle = _ => Task.CompletedTask;

    public InboxConsumerPayloadTests()
    {
        _inbox = new FakeInbox(_clock);
        _handlers.AddRaw("orders.>", new Handler<string>((payload, context, _) =>
        {
            _handled.Enqueue((payload, context));
            return _handle(context.EventId);
        }));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_handler_gets_the_payload_as_if_it_had_come_with_the_message()
    {
        var written = Sample.Event("a", "{\"n\" : \"\U0001F680\"}") with { Headers = new Dictionary<string, string> { ["tenant"] = "t" } };

        Assert.IsType<MessageOutcome.Processed>(await ConsumeOneAsync(Stored(written)));

        var (payload, context) = Assert.Single(_handled);
        Assert.Equal(written.Payload, payload);
        Assert.Equal(["tenant"], context.Headers.Keys);

        // A copy that carries the payload itself is the same event.
        Assert.IsType<MessageOutcome.Duplicate>(await ConsumeOneAsync(Sample.Message(written)));
        Assert.Equal(
            ErrorCodes.EventIdConflict,
            Assert.IsType<MessageOutcome.DeadLetter>(await ConsumeOneAsync(Stored(written with { Payload = "other" }))).ErrorCode);
    }

    [Fact]
    public async Task While_the_store_is_away_the_message_comes_back_later_and_later_and_no_attempt_is_used_up()
    {
        var message = Stored(Sample.Event("a"));
        _store.Away = FakePayloadStore.Outage;
        for (var receives = 1; receives <= 10; receives++)
        {
            var retry = Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(message with { Receives = receives }));
            Assert.Equal(ErrorCodes.PayloadStoreUnavailable, retry.ErrorCode);
            Assert.Equal(new Backoff(_options.FirstRetryDelay, _options.LongestRetryDelay, new FixedEntropy()).After(receives), retry.Delay);
        }

        Assert.Empty(_inbox.Claimed);
        _store.Away = null;
        Assert.IsType<MessageOutcome.Processed>(await ConsumeOneAsync(message));
        Assert.Equal(1, Assert.Single(_handled).Context.Deliveries);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_given_up_in_time_for_the_other_messages()
    {
        _store.BeforeGet = async ct =>
        {
            _clock.Advance(TimeSpan.FromSeconds(57));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        };

        var outcomes = await ConsumeAsync(Stored(Sample.Event("slow")), Sample.Message("fast"));

        Assert.Equal(ErrorCodes.PayloadStoreUnavailable, Assert.IsType<MessageOutcome.Retry>(outcomes[0]).ErrorCode);
        Assert.IsType<MessageOutcome.Processed>(outcomes[1]);
    }

    public static TheoryData<string, string> Dead => new()
    {
        { "hash", ErrorCodes.PayloadCorrupt },
        { "length", ErrorCodes.PayloadCorrupt },
        { "missing", ErrorCodes.PayloadMissing },
        { "foreign", ErrorCodes.PayloadReferenceForeign },
        { "malformed", ErrorCodes.PayloadReferenceInvalid },
        { "large", ErrorCodes.PayloadTooLarge },
        { "off", ErrorCodes.ClaimCheckOff },
        { "not text", ErrorCodes.MessageUnreadable },
    };

    [Theory]
    [MemberData(nameof(Dead))]
    public async Task What_can_never_be_read_is_a_dead_letter_at_once_and_its_neighbours_are_handled(string what, string code)
    {
        var message = Stored(Sample.Event("a", "hello"));
        var reference = PayloadReference.Read(message.Event);
        switch (what)
        {
            case "hash":
                _store.Objects[reference.Key] = "jello"u8.ToArray();
                break;
            case "length":
                _store.Objects[reference.Key] = "hello hello"u8.ToArray();
                break;
            case "missing":
                _store.Objects.Clear();
                break;
            case "foreign":
                message = Sample.Message(PayloadReference.Of("another-bucket", "hello"u8).PutInto(Sample.Event("a")));
                break;
            case "malformed":
                message = Sample.Message(message.Event with { Payload = "{}" });
                break;
            case "large":
                _options = _options with { PayloadBytes = 4 };
                break;
            case "not text":
                reference = PayloadReference.Of(_store.Bucket, [0xFF, 0xFE]);
                _store.Objects[reference.Key] = [0xFF, 0xFE];
                message = Sample.Message(reference.PutInto(Sample.Event("a")));
                break;
        }

        var outcomes = await ConsumeAsync(what == "off" ? null : new ClaimCheck(_store), Sample.Message("before"), message, Sample.Message("after"));

        var dead = Assert.IsType<MessageOutcome.DeadLetter>(outcomes[1]);
        Assert.Equal(code, dead.ErrorCode);
        Assert.Equal(("a", dead), Assert.Single(_dead));
        Assert.DoesNotContain("hello", dead.Reason, StringComparison.Ordinal);
        Assert.Equal(["after", "before"], _handled.Select(handled => handled.Context.EventId).Order());
        Assert.DoesNotContain(_inbox.Claimed, claimed => claimed.Event.EventId == "a");
        Assert.Equal(what is "hash" or "length" or "missing" or "not text" ? 1 : 0, _store.Gets);
    }

    [Fact]
    public async Task No_more_payloads_are_in_memory_at_once_than_there_is_room_for()
    {
        _options = _options with { PayloadBytes = 3_000 };
        var atOnce = 0;
        _store.BeforeGet = async _ =>
        {
            // Those of a round wait for each other here, and nothing of the round before is left.
            await Task.Yield();
            atOnce = Math.Max(atOnce, _store.Gets - _handled.Count);
        };
        var messages = Enumerable.Range(0, 10).Select(i => Stored(Sample.Event($"e-{i}", $"{i}" + new string('x', 999)))).ToArray();

        var outcomes = await ConsumeAsync(messages);

        Assert.All(outcomes, outcome => Assert.IsType<MessageOutcome.Processed>(outcome));
        Assert.InRange(_store.MostAtOnce, 1, 3);
        Assert.InRange(atOnce, 1, 3);
        Assert.Equal(10, _handled.Count);
    }

    [Fact]
    public async Task A_group_stops_at_a_message_whose_payload_is_out_of_reach_also_over_several_rounds()
    {
        _options = _options with { PayloadBytes = 10 };
        var first = Stored(Sample.Event("a1", "0123456789"), "a");
        var second = Stored(Sample.Event("a2", "9876543210"), "a");
        _store.BeforeGet = _ => _store.Gets == 1 ? throw FakePayloadStore.Outage : Task.CompletedTask;

        var outcomes = await ConsumeAsync(
            first, Sample.Message(Sample.Event("a-small"), "a"), second, Stored(Sample.Event("b1", "abcdefghij"), "b"), Sample.Message("c"));

        Assert.Equal(ErrorCodes.PayloadStoreUnavailable, Assert.IsType<MessageOutcome.Retry>(outcomes[0]).ErrorCode);
        Assert.All(outcomes[1..3], outcome => Assert.Equal(ErrorCodes.GroupBlocked, Assert.IsType<MessageOutcome.Retry>(outcome).ErrorCode));
        Assert.All(outcomes[3..], outcome => Assert.IsType<MessageOutcome.Processed>(outcome));
        Assert.Equal(["b1", "c"], _handled.Select(handled => handled.Context.EventId).Order());
    }

    [Fact]
    public async Task A_group_stops_at_a_handler_that_failed_in_an_earlier_round()
    {
        _options = _options with { PayloadBytes = 10 };
        _handle = eventId => eventId == "a1" ? throw new InvalidOperationException() : Task.CompletedTask;

        var outcomes = await ConsumeAsync(
            Stored(Sample.Event("a1", "0123456789"), "a"),
            Stored(Sample.Event("a2", "9876543210"), "a"),
            Stored(Sample.Event("b1", "abcdefghij"), "b"));

        Assert.Equal(ErrorCodes.HandlerFailed, Assert.IsType<MessageOutcome.Retry>(outcomes[0]).ErrorCode);
        Assert.Equal(ErrorCodes.GroupBlocked, Assert.IsType<MessageOutcome.Retry>(outcomes[1]).ErrorCode);
        Assert.IsType<MessageOutcome.Processed>(outcomes[2]);
    }

    private InboxMessage Stored(OutboxEvent outboxEvent, string? groupId = null)
    {
        var payload = Encoding.UTF8.GetBytes(outboxEvent.Payload);
        var reference = PayloadReference.Of(_store.Bucket, payload);
        _store.Objects[reference.Key] = payload;
        return Sample.Message(reference.PutInto(outboxEvent), groupId);
    }

    private async Task<MessageOutcome> ConsumeOneAsync(InboxMessage message) => Assert.Single(await ConsumeAsync(message));

    private Task<MessageOutcome[]> ConsumeAsync(params InboxMessage[] messages) => ConsumeAsync(new ClaimCheck(_store), messages);

    private Task<MessageOutcome[]> ConsumeAsync(ClaimCheck? claimCheck, params InboxMessage[] messages) =>
        new InboxConsumer(_inbox, _handlers, _options, _clock, new FixedEntropy(), _log, claimCheck).ConsumeAsync(
            [.. messages.Select(message => new Delivery(message, _dead))], WorkDeadline.After(TimeSpan.FromMinutes(1), _clock), Ct);

    private sealed class Delivery(InboxMessage message, ConcurrentQueue<(string EventId, MessageOutcome.DeadLetter Dead)> dead) : IDelivery
    {
        public string MessageId => message.MessageId;

        public InboxMessage Read() => message;

        public Task CopyToDeadLettersAsync(MessageOutcome.DeadLetter why, CancellationToken cancellationToken)
        {
            dead.Enqueue((message.Event.EventId, why));
            return Task.CompletedTask;
        }
    }
}
