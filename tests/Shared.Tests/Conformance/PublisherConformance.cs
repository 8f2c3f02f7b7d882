using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>What every publisher does, whatever its broker: derive, and make a harness.</summary>
public abstract class PublisherConformance : IAsyncLifetime
{
    private PublisherHarness? _harness;

    private protected PublisherHarness Broker => _harness ?? throw new InvalidOperationException("The test has not begun.");

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _harness = await CreateHarnessAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }
    }

    private protected abstract Task<PublisherHarness> CreateHarnessAsync();

    [Fact]
    public async Task Every_awkward_payload_comes_out_as_it_went_in()
    {
        var written = Sample.AwkwardPayloads.Select((row, i) => Sample.Event($"e-{i}", row.Data)).ToList();
        await AssertAcceptedAsync(written);
        var received = (await Broker.ReceiveAsync(written.Count)).ToDictionary(e => e.EventId);
        Assert.All(written, e => Assert.Equal(e.Payload, received[e.EventId].Payload));
    }

    [Fact]
    public async Task Everything_that_belongs_to_an_event_arrives_with_it()
    {
        var written = Sample.Event("id with spaces, é, \U0001F680", """{ "n" : 1 }""") with
        {
            Headers = new Dictionary<string, string> { ["traceparent"] = "00-a-b-01", ["X-Empty"] = "", ["x"] = "é \"quoted\" <b>" },
            OrderingKey = "customer 7",
            EnqueuedAt = new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero),
            Result = """[ 1 ]""",
        };
        await AssertAcceptedAsync([written]);
        var read = Assert.Single(await Broker.ReceiveAsync(1));
        Assert.Equal(written with { Headers = read.Headers }, read);
        Assert.Equal(written.Headers.OrderBy(h => h.Key), read.Headers.OrderBy(h => h.Key));
    }

    [Fact]
    public async Task Many_events_arrive_once_each_with_one_outcome_each()
    {
        var written = Enumerable.Range(0, 205).Select(i => Sample.Event($"e-{i}")).ToList();
        await AssertAcceptedAsync(written);
        Assert.Equal(
            written.Select(e => e.EventId).Order(), (await Broker.ReceiveAsync(205)).Select(e => e.EventId).Order());
    }

    [Fact]
    public async Task Events_of_all_sizes_that_are_published_at_the_same_time_do_not_mix()
    {
        var batches = Enumerable.Range(0, 4)
            .Select(b => Enumerable.Range(0, 8).Select(i => Sample.Event($"e-{b}-{i}", LongPayload(b, i))).ToList())
            .ToList();
        await Task.WhenAll(batches.Select(batch => Task.Run(() => AssertAcceptedAsync(batch), Ct)));
        var received = (await Broker.ReceiveAsync(32)).ToDictionary(e => e.EventId, e => e.Payload);
        Assert.All(batches.SelectMany(batch => batch), e => Assert.True(e.Payload == received[e.EventId], $"{e.EventId} arrived as another"));

        // JSON, and texts that are escaped.
        static string LongPayload(int batch, int i) => i % 2 == 0
            ? $$"""{"n":"{{string.Concat(Enumerable.Repeat($"{batch}é{i} ", 1 << (i + 4)))}}"}"""
            : string.Concat(Enumerable.Repeat($"{batch}\U0001F680\"{i}\n", 1 << (i + 4)));
    }

    [Fact]
    public async Task An_event_that_the_broker_never_takes_is_rejected_and_its_neighbours_arrive()
    {
        if (Broker.CreateTooLarge() is not { } tooLarge)
        {
            return;
        }

        var outcomes = await Broker.Publisher.PublishAsync([Sample.Event("a"), Sample.Event("b", tooLarge), Sample.Event("c")], Ct);
        Assert.Equal([PublishStatus.Accepted, PublishStatus.Rejected, PublishStatus.Accepted], outcomes.Select(o => o.Status));
        Assert.Equal(ErrorCodes.MessageTooLarge, outcomes[1].Code);
        Assert.Equal(["a", "c"], (await Broker.ReceiveAsync(2)).Select(e => e.EventId).Order());
    }

    [Fact]
    public async Task A_broker_out_of_reach_is_an_outage_and_no_exception()
    {
        var outcomes = await Broker.CreateUnreachable().PublishAsync([Sample.Event("a"), Sample.Event("b")], Ct);
        Assert.Equal(2, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.Equal(PublishStatus.Unavailable, outcome.Status));
    }

    [Fact]
    public async Task After_a_cancellation_every_event_still_has_an_outcome_that_is_not_accepted()
    {
        var outcomes = await Broker.Publisher.PublishAsync([Sample.Event("a"), Sample.Event("b")], new CancellationToken(canceled: true));
        Assert.Equal(2, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.True(outcome.Status is PublishStatus.Unknown or PublishStatus.Unavailable, $"{outcome}"));
    }

    [Fact]
    public async Task Nothing_to_publish_has_no_outcomes() => Assert.Empty(await Broker.Publisher.PublishAsync([], Ct));

    private async Task AssertAcceptedAsync(IReadOnlyList<OutboxEvent> events)
    {
        var outcomes = await Broker.Publisher.PublishAsync(events, Ct);
        Assert.Equal(events.Count, outcomes.Count);
        Assert.All(outcomes, outcome => Assert.Equal(PublishOutcome.Accepted, outcome));
    }
}
