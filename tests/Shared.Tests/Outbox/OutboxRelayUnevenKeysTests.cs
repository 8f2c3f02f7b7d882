using Amazon.SQS.Model;
using Microsoft.Extensions.Time.Testing;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Messaging;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sqs;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>Keys of which one is slower than the others, or longer: none waits for another's answer, and calls stay full.</summary>
public sealed class OutboxRelayUnevenKeysTests : IDisposable
{
    private readonly FakeOutbox _outbox = new() { KeepsOrder = true };
    private readonly ScriptedSqs _sqs = new();
    private readonly WatchedTimeProvider _clock = new();
    private readonly FakeTimeProvider _deadlineClock = new();
    private readonly Dictionary<string, TaskCompletionSource> _gates = [];
    private SqsPublisherOptions _options = new() { QueueUrl = "http://127.0.0.1:1/000000000000/q" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private WorkDeadline Deadline => WorkDeadline.After(TimeSpan.FromMinutes(10), _deadlineClock);

    public void Dispose() => _sqs.Dispose();

    [Theory]
    [InlineData("q")]
    [InlineData("q.fifo")]
    public async Task While_a_key_waits_for_its_answer_the_others_go_on_row_by_row(string queue)
    {
        _options = _options with { QueueUrl = $"http://127.0.0.1:1/000000000000/{queue}" };
        var slow = Hold("slow-1");
        var relaying = RelayAsync([.. Keys(10, rows: 5), Claim("slow-1", "slow"), Claim("slow-2", "slow")]);

        await Eventually.TrueAsync(() => Calls().Count(call => call.Length == 10) == 5, "all rows of the ten keys");
        Assert.Equal(["slow-1"], Calls().Single(call => call.Length != 10));
        Assert.False(relaying.IsCompleted);

        slow.SetResult();
        Assert.Equal(52, (await relaying).Sent);
        Assert.Equal(["slow-2"], Calls()[^1]);
        AssertInOrder();
    }

    [Fact]
    public async Task Rows_that_become_ready_at_about_the_same_time_travel_together()
    {
        var (first, second, slow) = (Hold("k0-0"), Hold("k10-0"), Hold("slow-1"));
        int[] longer = [0, 1, 2, 3, 10, 11, 12, 13, 14, 15];
        OutboxClaim[] followers = [.. longer.Select(key => Claim($"k{key}-1", $"k{key}"))];
        var relaying = RelayAsync([.. Keys(20, rows: 1), Claim("slow-1", "slow"), .. followers]);
        await Eventually.TrueAsync(() => _sqs.Requests.Count == 3, "the first of every key");

        first.SetResult();
        await Eventually.TrueAsync(() => _clock.Timers.Count == 1, "four rows that wait for company");
        Assert.Equal(3, _sqs.Requests.Count);
        second.SetResult();
        await Eventually.TrueAsync(() => _sqs.Requests.Count > 3, "ten rows in a call");
        slow.SetResult();
        Assert.Equal(31, (await relaying).Sent);
        Assert.Equal(followers.Select(claim => claim.EventId), Assert.Single(Calls()[3..]));
        Assert.False(Assert.Single(_clock.Timers).Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan), "the only timer is disposed");
    }

    [Fact]
    public async Task A_row_waits_for_company_no_longer_than_a_moment()
    {
        var slow = Hold("slow-1");
        var relaying = RelayAsync([.. Keys(10, rows: 1), Claim("slow-1", "slow"), Claim("k3-1", "k3"), Claim("k3-2", "k3")]);
        for (var row = 1; row < 3; row++)
        {
            await Eventually.TrueAsync(() => _clock.Timers.Count == row, "a row that waits for company");
            Assert.Equal(row + 1, _sqs.Requests.Count);
            _clock.Advance(TimeSpan.FromMilliseconds(20));
            await Eventually.TrueAsync(() => _sqs.Requests.Count > row + 1, "the moment to be over");
            Assert.Equal([$"k3-{row}"], Calls()[^1]);
        }

        slow.SetResult();
        Assert.Equal(13, (await relaying).Sent);
    }

    [Fact]
    public async Task Nothing_waits_for_company_while_no_other_call_is_in_flight()
    {
        Assert.Equal(30, (await RelayAsync([.. Keys(3, rows: 10)])).Sent);
        Assert.Equal(10, _sqs.Requests.Count);
        Assert.Empty(_clock.Timers);
        AssertInOrder();
    }

    [Fact]
    public async Task A_key_that_fails_stops_alone_and_its_later_rows_are_put_back_as_they_were()
    {
        _sqs.OnSend = (request, _) => Task.FromResult(new SendMessageBatchResponse
        {
            Successful = [.. request.Entries.Where(entry => !IsOf(entry, "k2-1")).Select(entry => new SendMessageBatchResultEntry { Id = entry.Id })],
            Failed = [
                .. request.Entries.Where(entry => IsOf(entry, "k2-1")).Select(
                    entry => new BatchResultErrorEntry { Id = entry.Id, Code = "InternalError" }),
            ],
        });
        var result = await RelayAsync([.. Keys(4, rows: 4)]);
        Assert.Equal((13, 3), (result.Sent, result.Retried));
        Assert.Equal(["k2-1", "k2-2", "k2-3"], _outbox.Retries.Select(mark => mark.EventId));
        Assert.Equal([1, 0, 0], _outbox.Retries.Select(mark => mark.Attempts));
        AssertInOrder();
    }

    [Fact]
    public async Task An_outage_ends_all_keys_and_what_was_not_sent_is_put_back()
    {
        _sqs.OnSend = (request, _) => _sqs.Requests.Count > 2
            ? throw new HttpRequestException("no connection")
            : Task.FromResult(ScriptedSqs.AcceptAll(request));
        var result = await RelayAsync([.. Keys(3, rows: 5)]);
        Assert.True(result.BrokerUnavailable);
        Assert.Equal((6, 9), (result.Sent, result.Retried));
        Assert.Equal(3, _sqs.Requests.Count);
        Assert.All(_outbox.Retries, mark => Assert.Equal(0, mark.Attempts));
        Assert.Equal(6, _outbox.Retries.Count(mark => mark.Delay == TimeSpan.Zero));
    }

    [Fact]
    public async Task When_the_lease_nears_its_end_what_waits_for_company_and_what_waits_for_its_key_comes_back_untried()
    {
        var slow = Hold("slow-1");
        _outbox.Batches.Enqueue([.. Keys(10, rows: 1), Claim("slow-1", "slow"), Claim("k0-1", "k0"), Claim("k0-2", "k0"), Claim("slow-2", "slow")]);
        var draining = Relay().DrainAsync(Deadline, Ct);
        await Eventually.TrueAsync(() => _clock.Timers.Count == 1, "a row that waits for company");
        _deadlineClock.Advance(TimeSpan.FromSeconds(116));
        slow.SetResult();

        var result = await draining;
        Assert.Equal((11, 3), (result.Sent, result.Retried));
        Assert.Equal(2, _sqs.Requests.Count);
        Assert.Equal(["k0-1", "k0-2", "slow-2"], _outbox.Retries.Select(mark => mark.EventId).Order(StringComparer.Ordinal));
        Assert.All(_outbox.Retries, mark => Assert.Equal(0, mark.Attempts));
    }

    [Fact]
    public async Task Any_other_publisher_gets_the_rows_that_are_ready_after_each_answer()
    {
        var publisher = new FakePublisher();
        var relay = new OutboxRelay(
            _outbox, new FlowingPublisher(publisher), new RelayOptions(), new FixedEntropy(), new RecordingLogger<OutboxRelay>());
        Assert.Equal(15, (await relay.RelayAsync([.. Keys(3, rows: 5)], Deadline, Ct)).Sent);
        foreach (var key in publisher.Published.GroupBy(id => id[..2]))
        {
            Assert.Equal(Enumerable.Range(0, 5).Select(row => $"{key.Key}-{row}"), key);
        }
    }

    private TaskCompletionSource Hold(string eventId)
    {
        _sqs.OnSend = async (request, _) =>
        {
            foreach (var gate in request.Entries.Select(entry => _gates.GetValueOrDefault(EventId(entry))).OfType<TaskCompletionSource>())
            {
                await gate.Task.WaitAsync(Ct);
            }

            return ScriptedSqs.AcceptAll(request);
        };
        return _gates[eventId] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private List<string[]> Calls() => [.. _sqs.Requests.Select(request => request.Entries.Select(EventId).ToArray())];

    private void AssertInOrder()
    {
        var sent = Calls().SelectMany(call => call).ToList();
        Assert.Equal(sent.Distinct(), sent);
        foreach (var key in sent.GroupBy(id => id[..id.IndexOf('-', StringComparison.Ordinal)]))
        {
            Assert.Equal(key.Order(StringComparer.Ordinal), key);
        }
    }

    private static bool IsOf(SendMessageBatchRequestEntry entry, string eventId) => EventId(entry) == eventId;

    private static string EventId(SendMessageBatchRequestEntry entry) => entry.MessageAttributes[SqsAttributes.EventId].StringValue;

    private static IEnumerable<OutboxClaim> Keys(int keys, int rows) =>
        from row in Enumerable.Range(0, rows) from key in Enumerable.Range(0, keys) select Claim($"k{key}-{row}", $"k{key}");

    private static OutboxClaim Claim(string eventId, string key) =>
        new(eventId, new ClaimToken($"token-of-{eventId}"), 0)
        {
            Event = Sample.Event(eventId) with { OrderingKey = key },
            OrderingKey = key,
        };

    private Task<RelayResult> RelayAsync(params OutboxClaim[] claims) =>
        Relay().RelayAsync(claims, Deadline, Ct);

    private OutboxRelay Relay() => new(
        _outbox,
        new SqsMessagePublisher(_sqs, new EnvelopeFormat(), _options, _clock, new RecordingLogger<SqsMessagePublisher>()),
        new RelayOptions(),
        new FixedEntropy(),
        new RecordingLogger<OutboxRelay>());
}
