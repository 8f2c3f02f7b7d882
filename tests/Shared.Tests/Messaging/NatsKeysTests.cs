using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>Rows under keys on their way to a real server: none waits for another key's answer.</summary>
public class NatsKeysTests(NatsServer server)
{
    private readonly FakeOutbox _outbox = new() { KeepsOrder = true };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_a_key_waits_for_its_answer_the_others_go_on_row_by_row()
    {
        await using var world = new NatsWorld(server.Url);
        await CreateStreamAsync(world);
        await using var slow = await NatsResponder.StartAsync(server.Port, $"{world.Name}.slow", Ct);
        await using var connector = NatsWorld.Connect(server.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(1) });
        var relaying = RelayAsync(
            world.CreatePublisher(connector: connector),
            [Claim("s-0", "s", "slow"), Claim("s-1", "s", "slow"), .. Rows("a", 40), .. Rows("b", 5), .. Rows(null, 5)]);

        await Eventually.TrueAsync(async () => (await world.InfoAsync()).State.Messages == 50, "all rows of the other keys");
        Assert.Equal(1, slow.Received);
        Assert.False(relaying.IsCompleted);

        slow.Release();
        Assert.Equal(52, (await relaying).Sent);
        Assert.Equal(2, slow.Received);
        await AssertInOrderAsync(world, 50);
    }

    [Fact]
    public async Task Thousands_of_rows_under_keys_arrive_each_key_in_its_order_however_few_may_be_in_flight()
    {
        await using var world = new NatsWorld(server.Url);
        await CreateStreamAsync(world);
        var publisher = new NatsMessagePublisher(
            world.Connector,
            new EnvelopeFormat(),
            new NatsPublisherOptions { SubjectPrefix = world.Name, MaxInFlight = 16 },
            TimeProvider.System,
            world.PublisherLog);
        var claims = Enumerable.Range(0, 60).SelectMany(key => Rows($"k{key}", 1 + key)).Concat(Rows(null, 170)).ToArray();
        new Random(7).Shuffle(claims);
        claims = [.. claims.OrderBy(claim => int.Parse(claim.EventId[(claim.EventId.IndexOf('-', StringComparison.Ordinal) + 1)..]))];
        Assert.Equal(2_000, (await RelayAsync(publisher, claims)).Sent);
        await AssertInOrderAsync(world, 2_000);
    }

    [Fact]
    public async Task A_key_without_a_stream_and_one_with_a_message_that_is_too_large_stop_alone()
    {
        await using var world = new NatsWorld(server.Url);
        await CreateStreamAsync(world);
        var large = Claim("l-0", "l") with { Event = Sample.Event("l-0", new string('x', 2_000_000)) };
        var result = await RelayAsync(
            world.CreatePublisher(),
            [.. Rows("a", 3), large, Claim("l-1", "l"), Claim("n-0", "n", "payments.made"), Claim("n-1", "n"), .. Rows("b", 3)]);

        Assert.Equal((6, 3, 1), (result.Sent, result.Retried, result.Parked));
        Assert.False(result.BrokerUnavailable);
        Assert.Equal(("l-0", ErrorCodes.MessageTooLarge), (_outbox.Parks[0].EventId, _outbox.Parks[0].ErrorCode));
        Assert.Equal(
            [("l-1", 0), ("n-0", 1), ("n-1", 0)],
            _outbox.Retries.Select(mark => (mark.EventId, mark.Attempts)).OrderBy(mark => mark.EventId, StringComparer.Ordinal));
        await AssertInOrderAsync(world, 6);
    }

    [Fact]
    public async Task Without_a_server_every_row_comes_back_untried()
    {
        await using var connector = NatsWorld.Connect("nats://127.0.0.1:1");
        await using var world = new NatsWorld(server.Url);
        var result = await RelayAsync(world.CreatePublisher(connector: connector), [.. Rows("a", 3), .. Rows("b", 2)]);
        Assert.True(result.BrokerUnavailable);
        Assert.Equal((0, 5), (result.Sent, result.Retried));
        Assert.All(_outbox.Retries, mark => Assert.Equal(0, mark.Attempts));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_000)]
    [InlineData(20_000)]
    public async Task Wherever_the_connection_is_cut_no_row_overtakes_another_of_its_key(int bytes)
    {
        await using var world = new NatsWorld(server.Url);
        await CreateStreamAsync(world);
        await using var proxy = new NatsProxy(server.Port);
        await using var connector = NatsWorld.Connect(proxy.Url);
        var publisher = world.CreatePublisher(connector: connector);
        await publisher.PublishAsync([Sample.Event("first-0")], Ct);

        OutboxClaim[] claims = [.. Enumerable.Range(0, 10).SelectMany(key => Rows($"k{key}", 20))];
        proxy.CutAfter(bytes);
        var result = await RelayAsync(publisher, claims);
        Assert.Equal(200, result.Sent + result.Retried);
        Assert.InRange(result.Sent, 0, 199);
        var stored = await AssertInOrderAsync(world, 300);
        Assert.Superset(_outbox.Sent.Select(mark => mark.EventId).ToHashSet(), stored.ToHashSet());
    }

    private static Task CreateStreamAsync(NatsWorld world) =>
        world.CreateStreams().EnsureAsync(world.StreamOptions() with { Subjects = [$"{world.Name}.orders.>"] }, Ct);

    private static async Task<List<string>> AssertInOrderAsync(NatsWorld world, int most)
    {
        var stored = (await world.TakeAsync(most)).ConvertAll(message => message.Headers![NatsHeaderNames.EventId].ToString());
        foreach (var key in stored.Where(id => id[0] != '-').GroupBy(id => id[..id.IndexOf('-', StringComparison.Ordinal)]))
        {
            Assert.Equal(Enumerable.Range(0, key.Count()).Select(row => $"{key.Key}-{row}"), key);
        }

        return stored;
    }

    private Task<RelayResult> RelayAsync(NatsMessagePublisher publisher, OutboxClaim[] claims) =>
        new OutboxRelay(_outbox, publisher, new RelayOptions(), new FixedEntropy(), NullLogger<OutboxRelay>.Instance)
            .RelayAsync(claims, WorkDeadline.After(TimeSpan.FromMinutes(2), TimeProvider.System), Ct);

    private static IEnumerable<OutboxClaim> Rows(string? key, int count) =>
        Enumerable.Range(0, count).Select(row => Claim($"{key}-{row}", key));

    private static OutboxClaim Claim(string eventId, string? key, string subject = "orders.placed") =>
        new(eventId, new ClaimToken($"token-of-{eventId}"), 0)
        {
            Event = Sample.Event(eventId, subject: subject) with { OrderingKey = key },
            OrderingKey = key,
        };
}
