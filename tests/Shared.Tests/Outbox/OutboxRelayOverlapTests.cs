using Microsoft.Extensions.Time.Testing;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>While one batch is published, the next is claimed and the last is recorded; and nothing is lost on the way.</summary>
public class OutboxRelayOverlapTests
{
    private readonly FakeOutbox _outbox = new();
    private readonly SteppedPublisher _publisher = new();
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private WorkDeadline Deadline => WorkDeadline.After(TimeSpan.FromMinutes(1), _clock);

    [Fact]
    public async Task The_next_batch_is_claimed_and_the_last_one_recorded_while_one_is_published()
    {
        Enqueue("a", "b", "c");
        var recorded = new TaskCompletionSource();
        _outbox.BeforeMark = _ => recorded.Task;

        var draining = Relay().DrainAsync(Deadline, Ct);
        var first = await _publisher.NextAsync(Ct);
        await Eventually.TrueAsync(() => _outbox.Claims == 2, "the second batch is claimed while the first is with the broker");
        first.Accept();

        // The second is published although the first is not recorded yet, and a third is claimed.
        var second = await _publisher.NextAsync(Ct);
        await Eventually.TrueAsync(() => _outbox.Claims == 3, "the third batch is claimed while the second is with the broker");
        Assert.Empty(_outbox.Sent);

        // At most one of each: nothing more happens until the first is recorded.
        second.Accept();
        Assert.False(_publisher.HasCall);
        Assert.Equal(3, _outbox.Claims);
        recorded.SetResult();
        (await _publisher.NextAsync(Ct)).Accept();

        Assert.Equal(3, (await draining).Sent);
        Assert.Equal(["a", "b", "c"], _outbox.Sent.Select(mark => mark.EventId));
    }

    [Fact]
    public async Task No_row_is_recorded_as_sent_before_the_broker_has_answered()
    {
        Enqueue("a");
        var draining = Relay().DrainAsync(Deadline, Ct);
        var call = await _publisher.NextAsync(Ct);
        await Eventually.TrueAsync(() => _outbox.Claims == 2, "the drain has gone as far as it can");
        Assert.Empty(_outbox.Sent);
        call.Accept();
        await draining;
        Assert.Single(_outbox.Sent);
    }

    [Fact]
    public async Task What_was_claimed_meanwhile_is_put_back_when_the_broker_goes_down()
    {
        Enqueue("a", "b", "c");
        var draining = Relay().DrainAsync(Deadline, Ct);
        var first = await _publisher.NextAsync(Ct);
        await Eventually.TrueAsync(() => _outbox.Claims == 2, "the second batch is claimed");
        first.AnswerAll(PublishOutcome.Unavailable("down"));

        var result = await draining;

        Assert.True(result.BrokerUnavailable);
        Assert.Equal(2, _outbox.Claims);
        Assert.Equal(
            ("b", 0, TimeSpan.Zero),
            _outbox.Retries.Where(mark => mark.EventId == "b").Select(mark => (mark.EventId, mark.Attempts, mark.Delay)).Single());
        Assert.Contains(_outbox.Retries, mark => mark.EventId == "a" && mark.Delay > TimeSpan.Zero);
        Assert.False(_publisher.HasCall);
    }

    [Fact]
    public async Task What_was_claimed_meanwhile_is_put_back_when_the_time_is_over()
    {
        Enqueue("a", "b");
        var draining = Relay().DrainAsync(Deadline, Ct);
        var first = await _publisher.NextAsync(Ct);
        await Eventually.TrueAsync(() => _outbox.Claims == 2, "the second batch is claimed");
        _clock.Advance(TimeSpan.FromSeconds(58));
        first.Accept();

        await draining;

        Assert.False(_publisher.HasCall);
        Assert.Equal("a", Assert.Single(_outbox.Sent).EventId);
        Assert.Equal("b", Assert.Single(_outbox.Retries).EventId);
    }

    [Fact]
    public async Task A_claim_that_fails_does_not_lose_what_is_with_the_broker()
    {
        Enqueue("a");
        _outbox.BeforeClaim = number => number == 2 ? Task.FromException(new IOException("store down")) : Task.CompletedTask;
        var draining = Relay().DrainAsync(Deadline, Ct);
        var call = await _publisher.NextAsync(Ct);
        await Eventually.TrueAsync(() => _outbox.Claims == 2, "the second claim has failed");
        call.Accept();

        await Assert.ThrowsAsync<IOException>(() => draining);

        Assert.Equal("a", Assert.Single(_outbox.Sent).EventId);
    }

    [Fact]
    public async Task A_publisher_that_fails_does_not_keep_what_was_claimed_or_published_besides()
    {
        Enqueue("a", "b", "c");
        var draining = Relay().DrainAsync(Deadline, Ct);
        (await _publisher.NextAsync(Ct)).Accept();
        var second = await _publisher.NextAsync(Ct);
        await Eventually.TrueAsync(() => _outbox.Claims == 3, "the third batch is claimed");
        second.Answer.SetException(new InvalidOperationException("a bug"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => draining);

        Assert.Equal("a", Assert.Single(_outbox.Sent).EventId);
        Assert.Equal("c", Assert.Single(_outbox.Retries).EventId);
    }

    [Fact]
    public async Task A_batch_that_could_not_be_recorded_is_named_and_the_drain_goes_on()
    {
        Enqueue("a", "b");
        _outbox.Failures[nameof(FakeOutbox.Sent)] = new IOException("store down");
        var draining = Relay().DrainAsync(Deadline, Ct);
        (await _publisher.NextAsync(Ct)).Accept();
        (await _publisher.NextAsync(Ct)).Accept();
        Assert.Equal(["a", "b"], (await draining).Unrecorded);
    }

    [Fact]
    public async Task Where_the_store_keeps_order_a_drain_ends_only_after_a_claim_with_nothing_under_way()
    {
        var outbox = new FakeOutbox { KeepsOrder = true };
        outbox.Batches.Enqueue([Claim("a") with { OrderingKey = "k" }]);

        // The row behind the first can only be claimed when the first is recorded.
        outbox.BeforeClaim = number =>
        {
            if (number == 3)
            {
                Assert.Single(outbox.Sent);
                outbox.Batches.Enqueue([Claim("b") with { OrderingKey = "k" }]);
            }

            return Task.CompletedTask;
        };
        var draining = Relay(outbox).DrainAsync(Deadline, Ct);
        (await _publisher.NextAsync(Ct)).Accept();
        (await _publisher.NextAsync(Ct)).Accept();
        Assert.Equal(2, (await draining).Sent);
    }

    [Fact]
    public async Task A_key_in_an_earlier_batch_is_looked_behind_as_well()
    {
        var outbox = new FakeOutbox { KeepsOrder = true };
        outbox.Batches.Enqueue([Claim("a") with { OrderingKey = "k" }]);
        outbox.Batches.Enqueue([Claim("b")]);
        var draining = Relay(outbox).DrainAsync(Deadline, Ct);
        (await _publisher.NextAsync(Ct)).Accept();
        (await _publisher.NextAsync(Ct)).Accept();
        await draining;

        // Two brought rows, one came while "b" was with the broker, and the last had nothing under way.
        Assert.Equal(4, outbox.Claims);
    }

    [Fact]
    public async Task Where_no_row_had_a_key_the_drain_ends_with_the_claim_that_found_nothing_while_it_published()
    {
        var outbox = new FakeOutbox { KeepsOrder = true };
        outbox.Batches.Enqueue([Claim("a")]);
        var draining = Relay(outbox).DrainAsync(Deadline, Ct);
        (await _publisher.NextAsync(Ct)).Accept();
        Assert.Equal(1, (await draining).Sent);
        Assert.Equal(2, outbox.Claims);
    }

    [Fact]
    public async Task Beside_rows_that_may_have_ended_a_process_nothing_is_claimed()
    {
        _outbox.Batches.Enqueue([Claim("suspect") with { Unfinished = 1 }]);
        Enqueue("a");
        var draining = Relay().DrainAsync(Deadline, Ct);
        var suspect = await _publisher.NextAsync(Ct);
        Assert.Equal(1, _outbox.Claims);
        suspect.Accept();

        // What is left is claimed once the suspect has its outcome.
        var next = await _publisher.NextAsync(Ct);
        Assert.Equal("suspect", Assert.Single(_outbox.Sent).EventId);
        next.Accept();
        Assert.Equal(2, (await draining).Sent);
    }

    private void Enqueue(params string[] eventIds)
    {
        foreach (var eventId in eventIds)
        {
            _outbox.Batches.Enqueue([Claim(eventId)]);
        }
    }

    private OutboxRelay Relay(FakeOutbox? outbox = null) =>
        new(outbox ?? _outbox, _publisher, new RelayOptions(), new FixedEntropy(), new RecordingLogger<OutboxRelay>());

    private static OutboxClaim Claim(string eventId) =>
        new(eventId, new ClaimToken($"token-of-{eventId}"), 0) { Event = Sample.Event(eventId) };
}
