using System.Collections.Concurrent;
using System.Globalization;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Conformance;

// Many relays at once, with everything that goes wrong: the first time that each event of a key is published, it is in the
// order in which the events were written.
public abstract partial class OutboxOrderConformance
{
    private const int Keys = 6;
    private const int EventsOfAKey = 15;

    // A good many times what the faults make necessary: a relay that publishes what it does not hold would never end.
    private const int MostGiven = 50 * 2 * Keys * EventsOfAKey;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    [InlineData(6, true)]
    public async Task Each_key_is_published_in_order_whatever_happens_to_the_workers(int seed, bool flows)
    {
        var broker = new UnreliableBroker(seed);
        IMessagePublisher publisher = flows ? new FlowingPublisher(broker) : broker;
        var writing = Task.WhenAll(Enumerable.Range(0, Keys).Select(key => Task.Run(
            async () =>
            {
                for (var i = 0; i < EventsOfAKey; i++)
                {
                    await WriteAsync($"key-{key}", $"{key}:{i}");
                    await WriteAsync(null, $"free-{key}-{i}");
                }
            },
            Ct)));

        // Time passes between the rounds only, so that no test machine's pause looks like the end of a lease; what a round's
        // killed workers had claimed is then taken over.
        var random = new Random(seed);
        for (var round = 0; ; round++)
        {
            if (round == 400)
            {
                Assert.Fail($"These rows are never sent: {await DescribeUnsentAsync()}");
            }

            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => WorkAsync(publisher), Ct)));
            await Store.PassAsync(random.Next(3) == 0 ? Lease + TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(3));
            foreach (var eventId in broker.Rejected)
            {
                await SkipAsync(eventId);
            }

            broker.IsReliable = round > 40;
            var counts = await Repository.GetCountByStatusAsync(Ct);
            if (writing.IsCompleted && counts.Keys.All(status => status is "sent" or "failed"))
            {
                break;
            }
        }

        await writing;
        var first = broker.Published.DistinctBy(id => id).Where(id => !id.StartsWith("free", StringComparison.Ordinal)).ToList();
        foreach (var key in first.GroupBy(id => id[..id.IndexOf(':', StringComparison.Ordinal)]))
        {
            var numbers = key.Select(
                id => int.Parse(id.AsSpan(id.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(numbers.Order(), numbers);
        }

        Assert.Equal(2 * Keys * EventsOfAKey, broker.Published.Concat(broker.Rejected).Distinct().Count());
        Assert.True(
            broker.Kills > 0 && !broker.Rejected.IsEmpty && broker.Published.Count > 2 * Keys * EventsOfAKey - broker.Rejected.Count,
            "the faults have happened");
    }

    // The rows of each key that has unsent ones.
    private async Task<string> DescribeUnsentAsync()
    {
        var text = new List<string>();
        for (var key = 0; key < Keys; key++)
        {
            var rows = new List<IReadOnlyDictionary<string, string>>();
            for (var i = 0; i < EventsOfAKey; i++)
            {
                if (await Store.ReadAsync($"{key}:{i}") is { } row)
                {
                    rows.Add(row);
                }
            }

            if (rows.Exists(row => row["status"] is not ("sent" or "failed")))
            {
                text.AddRange(rows.Select(row => string.Join(' ', row.Select(field => $"{field.Key}={field.Value}"))));
            }
        }

        return string.Join('\n', text);
    }

    private async Task WorkAsync(IMessagePublisher broker)
    {
        var options = new RelayOptions { Mode = Mode, BatchSize = 20, Lease = Lease, FirstRetryDelay = TimeSpan.FromSeconds(2), MaxAttempts = 1000 };
        var relay = new OutboxRelay(Store.CreateRepository(), broker, options, SystemEntropy.Instance, new RecordingLogger<OutboxRelay>());
        try
        {
            await relay.DrainAsync(WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System), Ct);
        }
        catch (InvalidOperationException)
        {
            // Killed: what it had claimed stays claimed.
        }
    }

    /// <summary>Takes, refuses, loses, loses the answer to, or kills who sends, at random; knows what it got, in order.</summary>
    private sealed class UnreliableBroker(int seed) : IMessagePublisher
    {
        private readonly Random _random = new(seed);
        private readonly Lock _gate = new();

        public List<string> Published { get; } = [];

        public ConcurrentBag<string> Rejected { get; } = [];

        public int Kills { get; private set; }

        public int Given { get; private set; }

        public bool IsReliable { get; set; }

        public async Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            await Task.Yield();
            var outcomes = new List<PublishOutcome>();
            foreach (var e in events)
            {
                lock (_gate)
                {
                    Assert.InRange(++Given, 1, MostGiven);
                    var chance = IsReliable ? 99 : _random.Next(100);
                    if (chance < 2)
                    {
                        Kills++;
                        throw new InvalidOperationException("killed");
                    }

                    if (chance is >= 5 and < 7)
                    {
                        Rejected.Add(e.EventId);
                        outcomes.Add(PublishOutcome.Rejected(ErrorCodes.PublishRejected, "no"));
                        continue;
                    }

                    if (chance is < 5 or >= 15)
                    {
                        Published.Add(e.EventId);
                    }

                    outcomes.Add(chance < 15 ? PublishOutcome.Unknown("lost") : PublishOutcome.Accepted);
                }
            }

            return outcomes;
        }
    }
}
