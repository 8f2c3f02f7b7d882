using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A relay that holds rows by the locks of an open transaction.</summary>
public sealed class PostgresLockedRelayTests(PostgresServer server)
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AfterSending.Keep)]
    [InlineData(AfterSending.Delete)]
    [InlineData(AfterSending.Archive)]
    public async Task Every_row_is_published_once_and_is_then_as_it_should_be_after_sending(AfterSending afterSending)
    {
        await using var store = await CreateAsync(afterSending);
        await WriteAsync(store, 25);
        var broker = new FakePublisher();

        var result = await DrainAsync(store, broker, batchSize: 10);

        Assert.Equal((25, 0, 0, 0), (result.Sent, result.Retried, result.Parked, result.Late));
        Assert.Equal(25, broker.Published.Distinct().Count());
        Assert.Equal(25, broker.Published.Count);
        var row = await store.Repository.FindAsync("e-1", Ct);
        Assert.Equal(afterSending == AfterSending.Delete, row is null);
        Assert.True(row is null || (row.Status == OutboxStatus.Sent && row.SentAt is not null && row.Event.Payload == """{"n":1}"""));
        Assert.Equal(afterSending == AfterSending.Keep ? 25L : 0L, await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}}"));
    }

    [Theory]
    [InlineData(AfterSending.Keep)]
    [InlineData(AfterSending.Delete)]
    [InlineData(AfterSending.Archive)]
    public async Task Where_not_all_of_a_batch_went_out_each_row_has_its_own_outcome(AfterSending afterSending)
    {
        await using var store = await CreateAsync(afterSending);
        await WriteAsync(store, 6);
        await store.WriteAsync(new("bad") { Status = "pending", Subject = "no spaces allowed", Payload = "{}" });
        var broker = new FakePublisher
        {
            Outcomes = { ["e-2"] = PublishOutcome.Rejected("message.too-large", "too large"), ["e-4"] = PublishOutcome.Unknown("no answer") },
        };

        var result = await DrainAsync(store, broker);

        Assert.Equal((4, 1, 2, 0), (result.Sent, result.Retried, result.Parked, result.Late));
        Assert.Equal((OutboxStatus.Failed, "message.too-large"), await StateAsync(store, "e-2"));
        Assert.Equal((OutboxStatus.Failed, ErrorCodes.SubjectInvalid), await StateAsync(store, "bad"));
        Assert.Equal((OutboxStatus.Pending, ErrorCodes.PublishUnknown), await StateAsync(store, "e-4"));
        Assert.Equal(1, (await store.Repository.FindAsync("e-4", Ct))!.Attempts);
        Assert.Equal(afterSending == AfterSending.Delete ? null : OutboxStatus.Sent, (await store.Repository.FindAsync("e-1", Ct))?.Status);
        Assert.Equal(1, broker.Published.Count(id => id == "e-1"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Copies_that_the_broker_knows_are_counted_once_whether_or_not_all_of_their_batch_went_out(bool all)
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 4);
        var broker = new FakePublisher { Outcomes = { ["e-2"] = PublishOutcome.KnownCopy, ["e-3"] = PublishOutcome.KnownCopy } };
        if (!all)
        {
            broker.Outcomes["e-4"] = PublishOutcome.Unknown("no answer");
        }

        var log = new RecordingLogger<OutboxRelay>();
        var relay = new OutboxRelay(store.Repository, broker, Options(batchSize: 10), SystemEntropy.Instance, log);
        var result = await relay.DrainAsync(Deadline(), Ct);

        Assert.Equal((all ? 4 : 3, 2), (result.Sent, result.SuspectedIdClashes));
        Assert.Equal(2, log.Lines.Count(line => line.StartsWith("1005 ", StringComparison.Ordinal)));
        Assert.Equal(0, (await relay.DrainAsync(Deadline(), Ct)).SuspectedIdClashes);
    }

    [Fact]
    public async Task While_the_payload_store_is_away_rows_with_large_payloads_wait_without_an_attempt_and_the_others_are_sent()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 3);
        await store.WriteAsync(new("large") { Status = "pending", Subject = "orders.placed", Payload = new string('x', 5_000) });
        var payloads = new FakePayloadStore { Away = FakePayloadStore.Outage };
        var broker = new FakePublisher();
        var relay = new OutboxRelay(
            store.Repository, broker, Options(batchSize: 10), SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance,
            new ClaimCheck(payloads, thresholdBytes: 1_024));

        var result = await relay.DrainAsync(Deadline(), Ct);

        Assert.Equal((3, 0, false), (result.Sent, result.Parked, result.BrokerUnavailable));
        Assert.Equal((OutboxStatus.Pending, ErrorCodes.PayloadStoreUnavailable), await StateAsync(store, "large"));
        Assert.Equal(0, (await store.Repository.FindAsync("large", Ct))!.Attempts);

        payloads.Away = null;
        await Eventually.TrueAsync(
            async () => (await relay.DrainAsync(Deadline(), Ct)).Sent == 1, "the row is due again", TimeSpan.FromMinutes(1));
        Assert.Single(payloads.Objects);
    }

    [Fact]
    public async Task While_rows_are_published_others_pass_them_by_and_see_them_pending()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 3);
        var broker = new SteppedPublisher();
        var draining = DrainAsync(store, broker);
        var call = await broker.NextAsync(Ct);

        Assert.Empty(await store.CreateRepository().ClaimAsync(10, Lease, Ct));
        await using (var none = await ((ILockingOutbox)store.CreateRepository()).LockAsync(10, Lease, Ct))
        {
            Assert.Empty(none.Claims);
        }

        Assert.Equal(OutboxStatus.Pending, (await store.Repository.FindAsync("e-1", Ct))!.Status);
        call.Accept();
        Assert.Equal(3, (await draining).Sent);
        Assert.Equal(OutboxStatus.Sent, (await store.Repository.FindAsync("e-1", Ct))!.Status);
    }

    [Fact]
    public async Task Where_nothing_is_due_no_transaction_is_begun_and_whatever_is_due_later_is_found()
    {
        await using var store = await CreateAsync();
        await using var dataSource = store.Schema.Connect(settings => settings.ApplicationName = store.Schema.Options.Schema);
        var repository = new PostgresOutboxRepository(
            new PostgresConnections(dataSource), store.Schema.Options, TimeProvider.System, SystemEntropy.Instance);

        await LockAsync(expected: 0);
        Assert.Matches("^SELECT .*until_due\"\\(\\)$", await LastStatementAsync());

        // A row without a key, one with a key, and one whose relay died: each is found by the lock that comes after it.
        await store.Repository.FindOrCreateAsync(Sample.Event("plain"), Ct);
        await LockAsync(expected: 1);
        await LockAsync(expected: 0);
        await store.Repository.FindOrCreateAsync(Sample.Event("keyed") with { OrderingKey = "k" }, Ct);
        await LockAsync(expected: 1);
        await LockAsync(expected: 0);
        await store.Repository.FindOrCreateAsync(Sample.Event("left"), Ct);
        Assert.Single(await store.CreateRepository().ClaimAsync(10, TimeSpan.FromSeconds(1), Ct));
        await Eventually.TrueAsync(
            async () => await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}} WHERE lease_until <= now()") is 1L, "the lease is over");
        await LockAsync(expected: 1);

        async Task LockAsync(int expected)
        {
            await using var rows = await repository.LockAsync(10, Lease, Ct);
            Assert.Equal(expected, rows.Claims.Count);
            Assert.True(await rows.CommitAsync(Ct));
        }

        async Task<string?> LastStatementAsync() => await store.Schema.ScalarAsync(
            "SELECT query FROM pg_stat_activity WHERE application_name = $1", store.Schema.Options.Schema) as string;
    }

    [Fact]
    public async Task What_a_relay_that_died_had_locked_is_there_at_once()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 3);
        await using (var rows = await ((ILockingOutbox)store.CreateRepository()).LockAsync(10, Lease, Ct))
        {
            Assert.Equal(3, rows.Claims.Count);
            Assert.All(rows.Claims, claim => Assert.True(claim.Token.IsNone));
        }

        Assert.Equal(3, (await DrainAsync(store, new FakePublisher())).Sent);
    }

    [Fact]
    public async Task The_server_lets_rows_go_whose_relay_has_been_silent_for_too_long_and_its_commit_holds_nothing()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 1);
        await using var silent = await ((ILockingOutbox)store.CreateRepository()).LockAsync(10, TimeSpan.FromSeconds(2), Ct);
        Assert.Single(silent.Claims);

        var sent = await Eventually.ValueAsync(() => DrainAsync(store, new FakePublisher()), result => result.Sent > 0, "another relay gets the row");

        Assert.Equal(1, sent.Sent);
        Assert.False(await silent.CommitAsync(Ct));
    }

    [Fact]
    public async Task Rows_that_went_out_are_sent_though_the_transaction_was_ended_meanwhile()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 3);
        var name = store.Schema.Options.Schema;
        await using var dataSource = store.Schema.Connect(settings => settings.ApplicationName = name);
        var broker = new SteppedPublisher();
        var draining = Relay(store.CreateRepository(dataSource), broker).DrainAsync(Deadline(), Ct);
        var call = await broker.NextAsync(Ct);

        // The relay's other batch has found nothing and let go: it would lock the rows again as soon as they are free.
        await Eventually.TrueAsync(
            async () => await store.Schema.ScalarAsync(
                "SELECT count(*) FILTER (WHERE state = 'idle' AND query = 'ROLLBACK') = 1 "
                + "AND count(*) FILTER (WHERE state = 'idle in transaction') = 1 FROM pg_stat_activity WHERE application_name = $1",
                name) is true,
            "one batch is published and the other has ended");
        Assert.Equal(1L, await store.Schema.ScalarAsync(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND state = 'idle in transaction'", name));
        call.Accept();

        var result = await draining;

        Assert.Equal((3, 0), (result.Sent, result.Unrecorded.Count));
        Assert.Equal(OutboxStatus.Sent, (await store.Repository.FindAsync("e-2", Ct))!.Status);
    }

    [Theory]
    [InlineData(AfterSending.Keep)]
    [InlineData(AfterSending.Delete)]
    [InlineData(AfterSending.Archive)]
    public async Task A_commit_whose_answer_was_lost_is_read_again_and_not_assumed(AfterSending afterSending)
    {
        await using var store = await CreateAsync(afterSending);
        await WriteAsync(store, 3);
        await using var proxy = new TcpProxy(server.Port);
        await using var dataSource = store.Schema.Connect(settings => (settings.Host, settings.Port) = ("127.0.0.1", proxy.Port));
        proxy.SwallowCount = 1;
        proxy.SwallowWhen = answer => answer.Span.IndexOf(Encoding.ASCII.GetBytes("COMMIT")) >= 0;
        var broker = new FakePublisher();

        var result = await Relay(store.CreateRepository(dataSource), broker).DrainAsync(Deadline(), Ct);

        Assert.Equal(1, proxy.Swallowed);
        Assert.Equal((3, 0), (result.Sent, result.Unrecorded.Count));
        Assert.Equal(3, broker.Published.Count);
        Assert.Equal(afterSending == AfterSending.Delete ? null : OutboxStatus.Sent, (await store.Repository.FindAsync("e-1", Ct))?.Status);
    }

    [Fact]
    public async Task An_outage_uses_up_no_attempt_and_ends_the_drain()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 30);
        var broker = new FakePublisher();
        foreach (var i in Enumerable.Range(1, 30))
        {
            broker.Outcomes[$"e-{i}"] = PublishOutcome.Unavailable("down");
        }

        var result = await DrainAsync(store, broker, batchSize: 5);

        Assert.True(result.BrokerUnavailable);
        Assert.InRange(broker.Published.Count, 5, 10);
        var row = (await store.Repository.FindAsync(broker.Published[0], Ct))!;
        Assert.Equal((OutboxStatus.Pending, 0, ErrorCodes.BrokerUnavailable), (row.Status, row.Attempts, row.ErrorCode));
        Assert.True(row.DueAt > store.Now);
    }

    [Fact]
    public async Task Rows_of_an_ended_lease_are_taken_too()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 2, key: "k");
        await WriteAsync(store, 4);
        Assert.NotEmpty(await store.CreateRepository().ClaimAsync(100, Lease, Ct));
        Assert.Equal(0, (await DrainAsync(store, new FakePublisher())).Sent);

        await store.PassAsync(Lease + TimeSpan.FromSeconds(1));

        Assert.Equal(6, (await DrainAsync(store, new FakePublisher())).Sent);
    }

    [Fact]
    public async Task Each_key_is_published_in_order_by_two_relays_over_a_broker_that_fails()
    {
        await using var store = await CreateAsync();
        const int Keys = 8, RowsOfEach = 25;
        for (var i = 1; i <= RowsOfEach; i++)
        {
            await store.Schema.ExecuteAsync(
                "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) "
                + "SELECT 'k' || k || ':' || $1, 's', '{}', 'k' || k FROM generate_series(1, $2) k",
                i,
                Keys);
        }

        var broker = new UnreliableBroker(seed: 7);
        var options = Options(batchSize: 20) with
        {
            MaxAttempts = 1000, FirstRetryDelay = TimeSpan.FromMilliseconds(1), LongestRetryDelay = TimeSpan.FromMilliseconds(5),
        };
        OutboxRelay[] relays = [Relay(store.CreateRepository(), broker, options), Relay(store.CreateRepository(), broker, options)];
        await Eventually.TrueAsync(
            async () =>
            {
                await Task.WhenAll(relays.Select(relay => relay.DrainAsync(Deadline(), Ct)));
                return await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}} WHERE status <> 'sent'") is 0L;
            },
            "all rows are sent");

        Assert.True(broker.Failures > 20, "the broker failed");
        foreach (var key in Enumerable.Range(1, Keys))
        {
            var first = broker.Accepted.Where(id => id.StartsWith($"k{key}:", StringComparison.Ordinal)).Distinct().ToArray();
            Assert.Equal(Enumerable.Range(1, RowsOfEach).Select(i => $"k{key}:{i}"), first);
        }
    }

    [Fact]
    public async Task The_first_rows_of_a_process_are_leased_so_that_its_end_leaves_a_trace()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 30);
        var broker = new SteppedPublisher();
        var relay = Relay(store.Repository, broker, Options(batchSize: 10) with { BeginsWithLeases = true });
        var draining = relay.DrainAsync(Deadline(), Ct);

        var first = await broker.NextAsync(Ct);
        Assert.Equal(10L, await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}} WHERE status = 'publishing' AND unfinished = 1"));
        first.Accept();
        for (var batch = 0; batch < 2; batch++)
        {
            var next = await broker.NextAsync(Ct);
            Assert.Equal(0L, await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}} WHERE unfinished > 0"));
            next.Accept();
        }

        Assert.Equal(30, (await draining).Sent);
    }

    [Fact]
    public async Task Rows_that_may_have_ended_a_process_are_leased()
    {
        await using var store = await CreateAsync();
        await WriteAsync(store, 3);
        Assert.Equal(3, (await store.CreateRepository().ClaimAsync(10, Lease, Ct)).Count);
        await store.PassAsync(Lease + TimeSpan.FromSeconds(1));
        var broker = new SteppedPublisher();
        var draining = DrainAsync(store, broker);

        var call = await broker.NextAsync(Ct);
        Assert.Equal(3L, await store.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}} WHERE status = 'publishing' AND unfinished = 2"));
        call.Accept();
        Assert.Equal(3, (await draining).Sent);
    }

    [Fact]
    public void A_store_that_cannot_lock_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Relay(new FakeOutbox(), new FakePublisher()));
        Assert.Contains("FakeOutbox", error.Message, StringComparison.Ordinal);
    }

    private static RelayOptions Options(int batchSize = 500) => new() { Mode = RelayMode.Locked, BatchSize = batchSize, BeginsWithLeases = false };

    private static OutboxRelay Relay(IOutboxRepository repository, IMessagePublisher broker, RelayOptions? options = null) =>
        new(repository, broker, options ?? Options(), SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance);

    private static WorkDeadline Deadline() => WorkDeadline.After(TimeSpan.FromMinutes(5), TimeProvider.System);

    private static Task<RelayResult> DrainAsync(PostgresOutboxHarness store, IMessagePublisher broker, int batchSize = 500) =>
        Relay(store.CreateRepository(), broker, Options(batchSize)).DrainAsync(Deadline(), Ct);

    private Task<PostgresOutboxHarness> CreateAsync(AfterSending afterSending = AfterSending.Keep) =>
        PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = afterSending });

    private static Task WriteAsync(PostgresOutboxHarness store, int count, string key = "e") => store.Schema.ExecuteAsync(
        """
        INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key)
        SELECT $2 || '-' || n, 'orders.placed', '{"n":1}', nullif($2, 'e') FROM generate_series(1, $1) n
        """,
        count,
        key);

    private static async Task<(OutboxStatus, string?)> StateAsync(PostgresOutboxHarness store, string eventId)
    {
        var row = (await store.Repository.FindAsync(eventId, Ct))!;
        return (row.Status, row.ErrorCode);
    }

    /// <summary>Loses a third of what it is given, sometimes after it was accepted, and keeps the order in which it accepted the rest.</summary>
    private sealed class UnreliableBroker(int seed) : IMessagePublisher
    {
        private readonly Random _random = new(seed);
        private readonly Lock _gate = new();

        public ConcurrentQueue<string> Accepted { get; } = new();

        public int Failures { get; private set; }

        public async Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            await Task.Yield();
            var outcomes = new List<PublishOutcome>();
            foreach (var outboxEvent in events)
            {
                lock (_gate)
                {
                    var dice = _random.Next(6);
                    if (dice > 0)
                    {
                        Accepted.Enqueue(outboxEvent.EventId);
                    }

                    Failures += dice < 2 ? 1 : 0;
                    outcomes.Add(dice < 2 ? PublishOutcome.Unknown("lost") : PublishOutcome.Accepted);
                }
            }

            return outcomes;
        }
    }
}
