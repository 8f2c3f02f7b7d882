using Microsoft.Extensions.Time.Testing;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Support;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>Rows whose payloads go into the payload store before they are published.</summary>
public class OutboxRelayPayloadTests
{
    private readonly FakeOutbox _outbox = new() { KeepsOrder = true };
    private readonly KeepingPublisher _publisher = new();
    private readonly FakePayloadStore _store = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly RecordingLogger<OutboxRelay> _log = new();

    private static string Large { get; } = new('x', 2_000);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_large_payload_is_stored_before_its_row_is_published_and_the_message_carries_the_reference()
    {
        // Published before it is stored, a consumer would find nothing.
        _publisher.OnPublish = sent => Assert.All(
            sent.Where(PayloadReference.IsIn), e => Assert.Contains(PayloadReference.Read(e).Key, _store.Objects.Keys));
        _store.BeforePut = async _ => await Task.Yield();

        var result = await RelayAsync(Claim("large", Large), Claim("small", "{}"), Claim("larger", Large + "y"));

        Assert.Equal(3, result.Sent);
        Assert.Equal(2, _store.Objects.Count);
        Assert.Equal("{}", _publisher.Sent["small"].Payload);
        Assert.Empty(_publisher.Sent["small"].Headers);
        var reference = PayloadReference.Read(_publisher.Sent["large"]);
        Assert.Equal((FakePayloadStore.DefaultBucket, 2_000L), (reference.Bucket, reference.Bytes));
    }

    [Fact]
    public async Task While_the_store_is_away_a_row_with_a_large_payload_waits_without_an_attempt_and_the_others_are_sent()
    {
        _store.Away = FakePayloadStore.Outage;

        var result = await RelayAsync(Claim("large", Large, attempts: 2), Claim("small", "{}"), Claim("larger", Large + "y"));

        Assert.Equal((1, 2, 0, false), (result.Sent, result.Retried, result.Parked, result.BrokerUnavailable));
        Assert.Equal(["small"], _publisher.Sent.Keys);
        var waiting = Assert.Single(_outbox.Retries, mark => mark.EventId == "large");
        Assert.Equal((2, ErrorCodes.PayloadStoreUnavailable), (waiting.Attempts, waiting.ErrorCode));
        Assert.Equal("S3 cannot be used (a test says so).", waiting.ErrorMessage);
        Assert.Equal(new RelayOptions().OutageDelay, waiting.Delay);
        Assert.Single(_log.Lines, line => line.StartsWith("1006 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task However_long_the_store_is_away_no_row_is_parked()
    {
        _store.Away = FakePayloadStore.Outage;
        for (var i = 0; i < 30; i++)
        {
            await RelayAsync(Claim("large", Large, attempts: _outbox.Retries.Count == 0 ? 0 : _outbox.Retries[^1].Attempts));
        }

        Assert.Empty(_outbox.Parks);
        Assert.All(_outbox.Retries, mark => Assert.Equal(0, mark.Attempts));
        _store.Away = null;
        Assert.Equal(1, (await RelayAsync(Claim("large", Large))).Sent);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_ends_with_the_time_to_publish_and_costs_no_attempt()
    {
        _store.BeforePut = async ct =>
        {
            _clock.Advance(TimeSpan.FromMinutes(2));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        };

        var result = await RelayAsync(Claim("large", Large));

        Assert.Equal((0, 1), (result.Sent, result.Retried));
        Assert.Equal(0, Assert.Single(_outbox.Retries).Attempts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_row_that_waits_for_the_store_holds_up_the_later_rows_of_its_key_alone(bool flows)
    {
        _store.Away = FakePayloadStore.Outage;
        var relay = new OutboxRelay(
            _outbox, flows ? new FlowingPublisher(_publisher) : _publisher, new RelayOptions(), new FixedEntropy(), _log,
            new ClaimCheck(_store, thresholdBytes: 1_024));

        await relay.RelayAsync(
            [
                Keyed("a1", "a", "{}"), Keyed("a2", "a", Large), Keyed("a3", "a", "{}"),
                Keyed("b1", "b", "{}"), Keyed("b2", "b", "{}"), Keyed("b3", "b", "{}"),
            ],
            WorkDeadline.After(TimeSpan.FromMinutes(1), _clock),
            Ct);

        Assert.Equal(["a1", "b1", "b2", "b3"], _publisher.Sent.Keys.Order());
        Assert.Equal(["a2", "a3"], _outbox.Retries.Select(mark => mark.EventId).Order());
        Assert.All(_outbox.Retries, mark => Assert.Equal(0, mark.Attempts));
    }

    [Fact]
    public async Task A_writers_reference_is_published_as_it_is_and_a_bad_one_parks_its_row_alone()
    {
        var good = PayloadReference.Of(FakePayloadStore.DefaultBucket, "hello"u8).PutInto(Sample.Event("good"));
        var foreign = PayloadReference.Of("another-bucket", "hello"u8).PutInto(Sample.Event("foreign"));
        var malformed = good with { EventId = "malformed", Payload = "{}" };

        var result = await RelayAsync(Claim(good), Claim(foreign), Claim(malformed), Claim("small", "{}"));

        Assert.Equal((2, 2), (result.Sent, result.Parked));
        Assert.Equal(good, _publisher.Sent["good"]);
        Assert.Equal(
            [("foreign", ErrorCodes.PayloadReferenceForeign), ("malformed", ErrorCodes.PayloadReferenceInvalid)],
            _outbox.Parks.Select(mark => (mark.EventId, mark.ErrorCode)).Order());
        Assert.Empty(_store.Objects);
    }

    [Fact]
    public async Task Without_a_claim_check_large_payloads_go_to_the_broker_and_references_are_parked()
    {
        var reference = PayloadReference.Of(FakePayloadStore.DefaultBucket, "hello"u8).PutInto(Sample.Event("reference"));
        var relay = new OutboxRelay(_outbox, _publisher, new RelayOptions(), new FixedEntropy(), _log);

        await relay.RelayAsync([Claim("large", Large), Claim(reference)], WorkDeadline.After(TimeSpan.FromMinutes(1), _clock), Ct);

        Assert.Equal(Large, _publisher.Sent["large"].Payload);
        var parked = Assert.Single(_outbox.Parks);
        Assert.Equal(("reference", ErrorCodes.ClaimCheckOff), (parked.EventId, parked.ErrorCode));
        Assert.Contains("CLAIM_CHECK_BUCKET", parked.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drain_goes_on_past_rows_that_wait_for_the_store()
    {
        _store.Away = FakePayloadStore.Outage;
        _outbox.Batches.Enqueue([Claim("large", Large)]);
        _outbox.Batches.Enqueue([Claim("small", "{}")]);

        var result = await Relay().DrainAsync(WorkDeadline.After(TimeSpan.FromMinutes(1), _clock), Ct);

        Assert.Equal((1, 1), (result.Sent, result.Retried));
    }

    private OutboxRelay Relay() =>
        new(_outbox, _publisher, new RelayOptions(), new FixedEntropy(), _log, new ClaimCheck(_store, thresholdBytes: 1_024));

    private Task<RelayResult> RelayAsync(params OutboxClaim[] claims) =>
        Relay().RelayAsync(claims, WorkDeadline.After(TimeSpan.FromMinutes(1), _clock), Ct);

    private static OutboxClaim Claim(string eventId, string payload, int attempts = 0) => Claim(Sample.Event(eventId, payload), attempts);

    private static OutboxClaim Claim(OutboxEvent outboxEvent, int attempts = 0) =>
        new(outboxEvent.EventId, new ClaimToken($"token-of-{outboxEvent.EventId}"), attempts) { Event = outboxEvent };

    private static OutboxClaim Keyed(string eventId, string key, string payload) => Claim(eventId, payload) with { OrderingKey = key };
}
