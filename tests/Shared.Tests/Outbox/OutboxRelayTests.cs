using Microsoft.Extensions.Time.Testing;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Outbox;

public class OutboxRelayTests
{
    private readonly FakeOutbox _outbox = new();
    private readonly FakePublisher _publisher = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly RecordingLogger<OutboxRelay> _log = new();
    private RelayOptions _options = new() { MaxAttempts = 3 };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private WorkDeadline Deadline => WorkDeadline.After(TimeSpan.FromMinutes(1), _clock);

    [Fact]
    public async Task A_row_that_the_broker_accepts_is_sent_under_its_token()
    {
        var claim = Claim("a");
        var result = await Relay().RelayAsync([claim], Deadline, Ct);
        Assert.Equal([new OutboxMark("a", claim.Token)], _outbox.Sent);
        Assert.Equal((1, 0, 0, 0), (result.Sent, result.Retried, result.Parked, result.Late));
    }

    [Fact]
    public async Task Only_what_the_broker_accepts_becomes_sent()
    {
        _publisher.Outcomes["unknown"] = PublishOutcome.Unknown("lost");
        _publisher.Outcomes["rejected"] = PublishOutcome.Rejected(ErrorCodes.PublishRejected, "no");
        _publisher.Outcomes["unavailable"] = PublishOutcome.Unavailable("down");

        var result = await Relay().RelayAsync(
            [Claim("unknown"), Claim("ok"), Claim("rejected"), Claim("unavailable")], Deadline, Ct);

        Assert.Equal(["ok"], _outbox.Sent.Select(mark => mark.EventId));
        Assert.Equal(["unknown", "unavailable"], _outbox.Retries.Select(mark => mark.EventId));
        Assert.Equal(["rejected"], _outbox.Parks.Select(mark => mark.EventId));
        Assert.Equal((1, 2, 1), (result.Sent, result.Retried, result.Parked));
        Assert.Empty(result.Unrecorded);
    }

    [Fact]
    public async Task A_copy_that_the_broker_knows_is_sent_and_suspected_of_an_id_clash_only_where_the_row_was_never_tried()
    {
        _publisher.Outcomes["first"] = PublishOutcome.KnownCopy;
        _publisher.Outcomes["again"] = PublishOutcome.KnownCopy;
        var result = await Relay().RelayAsync([Claim("first"), Claim("again", attempts: 1), Claim("new")], Deadline, Ct);
        Assert.Equal(["first", "again", "new"], _outbox.Sent.Select(mark => mark.EventId));
        Assert.Equal(1, result.SuspectedIdClashes);
        Assert.Contains(
            "row first ", Assert.Single(_log.Lines, line => line.StartsWith("1005 ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(2, result.Add(result).SuspectedIdClashes);
    }

    [Fact]
    public async Task A_failed_attempt_is_counted_and_the_delay_doubles_up_to_its_limit()
    {
        _options = _options with { MaxAttempts = 100, FirstRetryDelay = TimeSpan.FromSeconds(2), LongestRetryDelay = TimeSpan.FromSeconds(60) };
        _publisher.Outcomes["a"] = PublishOutcome.Unknown("lost");
        foreach (var attempts in new[] { 0, 1, 2, 3, 50 })
        {
            await Relay().RelayAsync([Claim("a", attempts)], Deadline, Ct);
        }

        Assert.Equal([1, 2, 3, 4, 51], _outbox.Retries.Select(mark => mark.Attempts));
        Assert.Equal([1, 2, 4, 8, 30], _outbox.Retries.Select(mark => mark.Delay.TotalSeconds));
        Assert.All(_outbox.Retries, mark => Assert.Equal((ErrorCodes.PublishUnknown, "lost"), (mark.ErrorCode, mark.ErrorMessage)));
    }

    [Fact]
    public async Task A_row_is_parked_after_its_last_attempt()
    {
        _publisher.Outcomes["a"] = PublishOutcome.Unknown("lost");
        await Relay().RelayAsync([Claim("a", attempts: 1)], Deadline, Ct);
        Assert.Empty(_outbox.Parks);
        await Relay().RelayAsync([Claim("a", attempts: 2)], Deadline, Ct);
        Assert.Equal(("a", 3, ErrorCodes.PublishUnknown), (_outbox.Parks[0].EventId, _outbox.Parks[0].Attempts, _outbox.Parks[0].ErrorCode));
        Assert.Single(_outbox.Retries);
    }

    [Fact]
    public async Task An_outage_uses_up_no_attempt_however_long_it_lasts()
    {
        _publisher.Outcomes["a"] = PublishOutcome.Unavailable("down");
        var result = await Relay().RelayAsync([Claim("a", attempts: 2)], Deadline, Ct);
        var retry = Assert.Single(_outbox.Retries);
        Assert.Equal(2, retry.Attempts);
        Assert.True(retry.Delay >= _options.OutageDelay);
        Assert.Empty(_outbox.Parks);
        Assert.True(result.BrokerUnavailable);
    }

    [Fact]
    public async Task An_outage_ends_the_drain()
    {
        _outbox.Batches.Enqueue([Claim("a"), Claim("b")]);
        _outbox.Batches.Enqueue([Claim("c")]);
        _publisher.Outcomes["b"] = PublishOutcome.Unavailable("down");

        var result = await Relay().DrainAsync(Deadline, Ct);

        Assert.Equal(1, _outbox.Claims);
        Assert.Equal((1, 1, true), (result.Sent, result.Retried, result.BrokerUnavailable));
    }

    [Fact]
    public async Task A_drain_goes_on_until_nothing_is_due()
    {
        _outbox.Batches.Enqueue([Claim("a"), Claim("b")]);
        _outbox.Batches.Enqueue([Claim("c")]);
        _publisher.Outcomes["b"] = PublishOutcome.Unknown("lost");

        var result = await Relay().DrainAsync(Deadline, Ct);

        Assert.Equal(3, _outbox.Claims);
        Assert.Equal((2, 1), (result.Sent, result.Retried));
    }

    [Fact]
    public async Task No_batch_is_begun_that_could_not_end_before_the_deadline()
    {
        _outbox.Batches.Enqueue([Claim("a")]);
        _outbox.Batches.Enqueue([Claim("b")]);
        _publisher.BeforeAnswer = _ =>
        {
            _clock.Advance(TimeSpan.FromSeconds(5));
            return Task.CompletedTask;
        };

        var result = await Relay().DrainAsync(WorkDeadline.After(TimeSpan.FromSeconds(10), _clock), Ct);
        Assert.Equal((1, 1), (_outbox.Claims, result.Sent));

        await Relay().DrainAsync(WorkDeadline.After(TimeSpan.Zero, _clock), Ct);
        await Relay().DrainAsync(WorkDeadline.After(TimeSpan.FromSeconds(-5), _clock), Ct);
        Assert.Equal(1, _outbox.Claims);
    }

    [Fact]
    public async Task A_row_that_breaks_the_contract_is_parked_unpublished_and_its_neighbours_are_sent()
    {
        var bad = Claim("bad", attempts: 1) with { Event = null, Violation = new RowViolation(ErrorCodes.SubjectInvalid, "The subject …") };

        var result = await Relay().RelayAsync([Claim("a"), bad, Claim("b")], Deadline, Ct);

        Assert.Equal(["a", "b"], _publisher.Published);
        Assert.Equal(["a", "b"], _outbox.Sent.Select(mark => mark.EventId));
        Assert.Equal(("bad", 1, ErrorCodes.SubjectInvalid), (_outbox.Parks[0].EventId, _outbox.Parks[0].Attempts, _outbox.Parks[0].ErrorCode));
        Assert.Equal((2, 1), (result.Sent, result.Parked));
    }

    [Fact]
    public async Task A_batch_of_nothing_but_violations_is_not_published()
    {
        var bad = Claim("bad") with { Event = null, Violation = new RowViolation(ErrorCodes.SubjectInvalid, "no") };
        Assert.Equal(1, (await Relay().RelayAsync([bad], Deadline, Ct)).Parked);
        Assert.Empty(_publisher.Published);
        Assert.Equal(0, (await Relay().RelayAsync([], Deadline, Ct)).Parked);
        Assert.Single(_outbox.Parks);
    }

    [Fact]
    public async Task Rows_whose_outcome_cannot_be_recorded_are_named_and_the_others_are_recorded()
    {
        _outbox.Failures[nameof(FakeOutbox.Sent)] = new InvalidOperationException("the secret of the store");
        _publisher.Outcomes["b"] = PublishOutcome.Unknown("lost");
        _publisher.Outcomes["c"] = PublishOutcome.Rejected(ErrorCodes.PublishRejected, "no");

        var result = await Relay().RelayAsync([Claim("a"), Claim("b"), Claim("c")], Deadline, Ct);

        Assert.Equal(["a"], result.Unrecorded);
        Assert.Equal((0, 1, 1), (result.Sent, result.Retried, result.Parked));
        Assert.Contains(_log.Lines, line => line.StartsWith("1004 ", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Late_marks_are_counted_and_are_not_sent()
    {
        _outbox.TakenOver.UnionWith(["a", "b"]);
        _publisher.Outcomes["b"] = PublishOutcome.Unknown("lost");
        var result = await Relay().RelayAsync([Claim("a"), Claim("b"), Claim("c")], Deadline, Ct);
        Assert.Equal((1, 0, 2), (result.Sent, result.Retried, result.Late));
        Assert.Empty(result.Unrecorded);
    }

    [Fact]
    public async Task Publishing_is_cut_off_in_time_to_record_what_was_accepted()
    {
        var cut = false;
        _publisher.Outcomes["b"] = PublishOutcome.Unavailable("cut off");
        _publisher.BeforeAnswer = ct =>
        {
            _clock.Advance(TimeSpan.FromSeconds(6));
            Assert.False(ct.IsCancellationRequested);
            _clock.Advance(TimeSpan.FromSeconds(2));
            cut = ct.IsCancellationRequested;
            return Task.CompletedTask;
        };

        var result = await Relay().RelayAsync([Claim("a"), Claim("b")], WorkDeadline.After(TimeSpan.FromSeconds(10), _clock), Ct);

        Assert.True(cut, "the publisher's token cancels three seconds before the deadline");
        Assert.Equal((1, 1), (result.Sent, result.Retried));
    }

    [Fact]
    public async Task Nothing_is_recorded_after_the_caller_has_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        _publisher.BeforeAnswer = _ => cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Relay().RelayAsync([Claim("a")], Deadline, cancel.Token));
        Assert.Empty(_outbox.Sent);
    }

    [Fact]
    public async Task The_log_names_rows_and_codes_and_never_payloads()
    {
        _publisher.Outcomes["parked"] = PublishOutcome.Rejected(ErrorCodes.PublishRejected, "no");
        _publisher.Outcomes["waiting"] = PublishOutcome.Unavailable("down");
        _outbox.TakenOver.Add("late");

        await Relay().RelayAsync([Claim("parked"), Claim("waiting"), Claim("late")], Deadline, Ct);

        Assert.Contains(_log.Lines, line => line.StartsWith("1001 ", StringComparison.Ordinal) && line.Contains("parked", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.StartsWith("1002 ", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.StartsWith("1003 ", StringComparison.Ordinal) && line.Contains("late", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("top-secret", StringComparison.Ordinal));
    }

    private OutboxRelay Relay() => new(_outbox, _publisher, _options, new FixedEntropy(), _log);

    private static OutboxClaim Claim(string eventId, int attempts = 0) => new(eventId, new ClaimToken($"token-of-{eventId}"), attempts)
    {
        Event = Sample.Event(eventId, "top-secret"),
    };
}
