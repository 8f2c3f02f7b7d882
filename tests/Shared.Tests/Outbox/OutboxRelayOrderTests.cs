using Microsoft.Extensions.Time.Testing;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>Rows of one ordering key go out one after the other, each after the broker has taken the one before it.</summary>
public class OutboxRelayOrderTests
{
    private readonly FakeOutbox _outbox = new() { KeepsOrder = true };
    private readonly SteppedPublisher _publisher = new();
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private WorkDeadline Deadline => WorkDeadline.After(TimeSpan.FromMinutes(10), _clock);

    [Fact]
    public async Task The_first_of_each_key_goes_with_all_that_have_none_and_the_next_ones_follow_wave_by_wave()
    {
        var relaying = RelayAsync(Claim("a1", "a"), Claim("x"), Claim("b1", "b"), Claim("a2", "a"), Claim("a3", "a"), Claim("b2", "b"), Claim("y"));

        await AcceptAsync("a1", "x", "b1", "y");
        await AcceptAsync("a2", "b2");
        await AcceptAsync("a3");

        Assert.Equal(7, (await relaying).Sent);
        Assert.Empty(_outbox.Retries);
    }

    [Theory]
    [InlineData(PublishStatus.Unknown)]
    [InlineData(PublishStatus.Rejected)]
    public async Task What_comes_after_a_row_that_was_not_accepted_is_put_back_as_it_was_and_other_keys_go_on(Enum status)
    {
        var relaying = RelayAsync(Claim("a1", "a", attempts: 1), Claim("a2", "a", attempts: 4), Claim("a3", "a"), Claim("b1", "b"), Claim("b2", "b"));

        var first = await _publisher.NextAsync(Ct);
        first.Answer.SetResult([new((PublishStatus)status, "code", "why"), PublishOutcome.Accepted]);
        await AcceptAsync("b2");
        var result = await relaying;

        Assert.Equal(["b1", "b2"], _outbox.Sent.Select(mark => mark.EventId));
        Assert.Equal(
            [("a2", 4, TimeSpan.Zero, null), ("a3", 0, TimeSpan.Zero, null)],
            _outbox.Retries.Where(mark => mark.EventId != "a1").Select(mark => (mark.EventId, mark.Attempts, mark.Delay, mark.ErrorCode)));
        Assert.Equal(2, result.Sent);
    }

    [Fact]
    public async Task A_row_that_breaks_the_contract_holds_back_the_later_ones_of_its_key()
    {
        var bad = Claim("a1", "a") with { Event = null, Violation = new RowViolation(ErrorCodes.SubjectInvalid, "no") };
        var relaying = RelayAsync(bad, Claim("a2", "a"), Claim("b1", "b"));
        await AcceptAsync("b1");
        await relaying;
        Assert.Equal("a1", Assert.Single(_outbox.Parks).EventId);
        Assert.Equal("a2", Assert.Single(_outbox.Retries).EventId);
    }

    [Fact]
    public async Task An_outage_ends_the_waves()
    {
        var relaying = RelayAsync(Claim("a1", "a"), Claim("a2", "a"), Claim("b1", "b"));
        var first = await _publisher.NextAsync(Ct);
        first.Answer.SetResult([PublishOutcome.Accepted, PublishOutcome.Unavailable("down")]);
        var result = await relaying;
        Assert.True(result.BrokerUnavailable);
        Assert.False(_publisher.HasCall);
        Assert.Equal(TimeSpan.Zero, _outbox.Retries.Single(mark => mark.EventId == "a2").Delay);
    }

    [Fact]
    public async Task Nothing_is_published_when_the_lease_nears_its_end_and_what_is_left_is_put_back()
    {
        _outbox.Batches.Enqueue([Claim("a1", "a"), Claim("a2", "a"), Claim("a3", "a")]);
        var draining = Relay().DrainAsync(Deadline, Ct);

        await AcceptAsync("a1");
        var second = await _publisher.NextAsync(Ct);
        _clock.Advance(TimeSpan.FromSeconds(114));
        Assert.False(second.CancellationToken.IsCancellationRequested);
        _clock.Advance(TimeSpan.FromSeconds(2));

        // Should the relay read the clock just now, then its thread cancels, and not ours.
        await Eventually.TrueAsync(() => second.CancellationToken.IsCancellationRequested, "publishing is cut off before the lease ends");
        second.Accept();
        await draining;

        Assert.Equal(["a1", "a2"], _outbox.Sent.Select(mark => mark.EventId));
        Assert.Equal("a3", Assert.Single(_outbox.Retries).EventId);
    }

    [Fact]
    public async Task A_lease_is_measured_from_before_its_claim()
    {
        _outbox.Batches.Enqueue([Claim("a")]);
        _outbox.BeforeClaim = number =>
        {
            _clock.Advance(number == 1 ? TimeSpan.FromSeconds(116) : TimeSpan.Zero);
            return Task.CompletedTask;
        };
        await Relay().DrainAsync(Deadline, Ct);
        Assert.False(_publisher.HasCall);
        Assert.Equal("a", Assert.Single(_outbox.Retries).EventId);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_makes_no_lease_longer()
    {
        _outbox.Batches.Enqueue([Claim("a1", "a"), Claim("a2", "a")]);
        var clock = new JumpingClock();
        var draining = new OutboxRelay(_outbox, _publisher, new RelayOptions(), new FixedEntropy(), new RecordingLogger<OutboxRelay>())
            .DrainAsync(WorkDeadline.After(TimeSpan.FromHours(2), clock), Ct);
        var first = await _publisher.NextAsync(Ct);
        clock.Elapsed = TimeSpan.FromSeconds(119);
        clock.Shift = TimeSpan.FromHours(-1);
        first.Accept();
        await draining;
        Assert.Equal("a2", Assert.Single(_outbox.Retries).EventId);
    }

    [Fact]
    public async Task Where_the_store_keeps_no_order_everything_goes_at_once()
    {
        var outbox = new FakeOutbox();
        var relaying = Relay(outbox).RelayAsync([Claim("a1", "a"), Claim("a2", "a")], Deadline, Ct);
        await AcceptAsync("a1", "a2");
        Assert.Equal(2, (await relaying).Sent);
    }

    private async Task AcceptAsync(params string[] expected)
    {
        var call = await _publisher.NextAsync(Ct);
        Assert.Equal(expected, call.EventIds);
        call.Accept();
    }

    private Task<RelayResult> RelayAsync(params OutboxClaim[] claims) => Relay().RelayAsync(claims, Deadline, Ct);

    private OutboxRelay Relay(FakeOutbox? outbox = null) =>
        new(outbox ?? _outbox, _publisher, new RelayOptions(), new FixedEntropy(), new RecordingLogger<OutboxRelay>());

    private static OutboxClaim Claim(string eventId, string? key = null, int attempts = 0) =>
        new(eventId, new ClaimToken($"token-of-{eventId}"), attempts)
        {
            Event = Sample.Event(eventId) with { OrderingKey = key },
            OrderingKey = key,
        };

    /// <summary>A clock whose time of day can be set without any time passing.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public TimeSpan Shift { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + Elapsed + Shift;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
