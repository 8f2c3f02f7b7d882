using Microsoft.Extensions.Time.Testing;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>No more rows are claimed than there is time for.</summary>
public class OutboxRelayBatchSizeTests
{
    private readonly FakeOutbox _outbox = new();
    private readonly SteppedPublisher _publisher = new();
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_slow_broker_gets_what_it_can_take_in_the_time_that_is_left()
    {
        // 100 rows in 10 seconds: in the 47 that remain, 470, of which 100 are under way.
        Assert.Equal([500, 500, 370], await LimitsAsync(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_fast_broker_gets_whole_batches()
    {
        Assert.Equal([500, 500, 500], await LimitsAsync(TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public async Task A_long_invocation_claims_no_more_than_fits_into_a_lease()
    {
        // 1 row a second: 115 in a lease of 120 seconds without its margin, of which 100 are under way.
        Assert.Equal([500, 500, 15], await LimitsAsync(TimeSpan.FromMinutes(14), TimeSpan.FromSeconds(100)));
    }

    [Fact]
    public async Task Where_rows_are_large_few_more_are_looked_at_than_fit()
    {
        // 100 rows of 1 MiB are 7 times what a claim may hold: 28 are twice as much.
        Assert.Equal([500, 28, 28], await LimitsAsync(TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(50), rowBytes: 1 << 20));
    }

    // Two batches of 100 rows, each of which takes some time, and what the three claims asked for.
    private async Task<IReadOnlyList<int>> LimitsAsync(TimeSpan deadline, TimeSpan took, long rowBytes = 0)
    {
        _outbox.Batches.Enqueue(Claims("a", rowBytes));
        _outbox.Batches.Enqueue(Claims("b", rowBytes));
        var relay = new OutboxRelay(_outbox, _publisher, new RelayOptions(), new FixedEntropy(), new RecordingLogger<OutboxRelay>());
        var draining = relay.DrainAsync(WorkDeadline.After(deadline, _clock), Ct);
        for (var batch = 0; batch < 2; batch++)
        {
            var call = await _publisher.NextAsync(Ct);
            await Eventually.TrueAsync(() => _outbox.Claims == batch + 2, "the next batch is claimed");
            if (batch == 0)
            {
                _clock.Advance(took);
            }

            call.Accept();
        }

        await draining;
        return [.. _outbox.Limits.Take(3)];
    }

    private static List<OutboxClaim> Claims(string prefix, long rowBytes) =>
        [.. Enumerable.Range(0, 100).Select(i => $"{prefix}-{i}")
            .Select(id => new OutboxClaim(id, new ClaimToken($"token-of-{id}"), 0) { Event = Sample.Event(id), Bytes = rowBytes })];
}
