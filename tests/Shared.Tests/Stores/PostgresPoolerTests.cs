using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Everything that needs a database works through a pooler that changes the server connection with each transaction.</summary>
public sealed class PostgresPoolerTests(PostgresServer server, PgBouncer pooler) : IClassFixture<PgBouncer>
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_transaction_after_another_is_on_another_connection_to_the_server()
    {
        await using var world = await World.CreateAsync(server, pooler);
        var first = await world.User.ServerProcessAsync();
        Assert.NotEqual(first, await world.User.ServerProcessAsync());
    }

    [Theory]
    [InlineData(RelayMode.Lease, AfterSending.Keep)]
    [InlineData(RelayMode.Locked, AfterSending.Keep)]
    [InlineData(RelayMode.Locked, AfterSending.Archive)]
    public async Task A_relay_sends_every_row_once_and_each_key_in_order(Enum mode, AfterSending afterSending)
    {
        await using var world = await World.CreateAsync(server, pooler, afterSending);
        await world.Store.Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key)
            SELECT k || ':' || n, 'orders.placed', '{}', nullif(k, 0)::text FROM generate_series(1, 20) n, generate_series(0, 3) k
            """);
        var broker = new FakePublisher();
        var relay = new OutboxRelay(
            world.Repository, broker, new RelayOptions { Mode = (RelayMode)mode, BatchSize = 7 },
            SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance);

        // A drain may end early: what a lane finds locked, another has in hand.
        var total = new RelayResult();
        await Eventually.TrueAsync(
            async () => (total = total.Add(await relay.DrainAsync(WorkDeadline.After(Long, TimeProvider.System), Ct))).Sent >= 80,
            "all rows are sent");

        Assert.Equal((80, 0, 0, 0), (total.Sent, total.Retried, total.Parked, total.Late));
        Assert.Equal(80, broker.Published.Distinct().Count());
        foreach (var key in Enumerable.Range(1, 3))
        {
            Assert.Equal(
                Enumerable.Range(1, 20).Select(n => $"{key}:{n}"),
                broker.Published.Where(id => id.StartsWith($"{key}:", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task What_a_handler_writes_and_emits_commits_with_the_mark()
    {
        await using var inbox = await PostgresInboxHarness.CreateAsync(server);
        await using var user = await PooledUser.CreateAsync(inbox.Schema, pooler);
        var repository = inbox.CreateRepository(user.DataSource);
        var claims = await repository.ClaimAsync("billing", [Sample.Message("a"), Sample.Message("b")], Lease, 5, Ct);

        // Two transactions at once, so that each has to keep its own connection to the server.
        await using var first = await repository.BeginAsync(Assert.IsType<InboxClaim.Claimed>(claims[0]), Ct);
        await using var second = await repository.BeginAsync(Assert.IsType<InboxClaim.Claimed>(claims[1]), Ct);
        await inbox.EnlistEffectAsync(first, "a");
        await inbox.EnlistEffectAsync(second, "b");
        first.Emit(Sample.Event("e-a1") with { OrderingKey = "k" });
        first.Emit(Sample.Event("e-a2") with { OrderingKey = "l" });
        second.Emit(Sample.Event("e-b"));
        Assert.Equal(CommitOutcome.Committed, await first.CommitAsync(Ct));
        await second.DisposeAsync();

        Assert.Equal((1, 0), (await inbox.EffectsAsync("a"), await inbox.EffectsAsync("b")));
        Assert.Equal(["e-a1", "e-a2"], (await inbox.Outbox.FindPendingAsync(10, Ct)).Select(row => row.Event.EventId).Order());
        Assert.True(await repository.IsProcessedAsync("billing", "a", Ct));
        Assert.False(await repository.IsProcessedAsync("billing", "b", Ct));
    }

    [Fact]
    public async Task A_handler_that_is_left_behind_is_cut_off_and_nobody_elses_transaction()
    {
        await using var inbox = await PostgresInboxHarness.CreateAsync(server);
        await using var user = await PooledUser.CreateAsync(inbox.Schema, pooler);
        var repository = inbox.CreateRepository(user.DataSource);
        var claims = await repository.ClaimAsync("billing", [Sample.Message("slow"), Sample.Message("other")], Lease, 5, Ct);
        var handler = new TaskCompletionSource();
        var slow = await repository.BeginAsync((InboxClaim.Claimed)claims[0], Ct);
        await using var other = await repository.BeginAsync((InboxClaim.Claimed)claims[1], Ct);
        await inbox.EnlistEffectAsync(slow, "slow");
        var left = await slow.GetNpgsqlTransactionAsync(Ct);
        await inbox.EnlistEffectAsync(other, "other");

        slow.LeaveBehind(handler.Task);
        await slow.DisposeAsync();

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => left.CommitAsync(Ct));
        Assert.Equal(CommitOutcome.Committed, await other.CommitAsync(Ct));
        handler.SetResult();
        Assert.Equal((0, 1), (await inbox.EffectsAsync("slow"), await inbox.EffectsAsync("other")));
    }

    [Fact]
    public async Task An_app_writes_its_events_with_its_business_data()
    {
        await using var world = await World.CreateAsync(server, pooler);
        await world.Store.Schema.ExecuteAsync("CREATE TABLE {{schema}}.orders (id text PRIMARY KEY)");
        var writer = new PostgresOutboxWriter(world.User.DataSource, world.Store.Schema.Options);

        await writer.ExecuteWithOutboxAsync(
            async (transaction, ct) =>
            {
                await using var order = new NpgsqlCommand(
                    world.Store.Schema.Fill("INSERT INTO {{schema}}.orders VALUES ('o-1')"), transaction.Connection, transaction);
                return await order.ExecuteNonQueryAsync(ct);
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct);
        await using (var connection = await world.User.DataSource.OpenConnectionAsync(Ct))
        await using (var transaction = await connection.BeginTransactionAsync(Ct))
        {
            await writer.EnqueueManyAsync(
                Enumerable.Range(1, 2500).Select(i => Sample.Event($"e-{i}") with { OrderingKey = $"k{i % 40}" }), transaction, Ct);
            await transaction.CommitAsync(Ct);
        }

        Assert.Equal(1L, await world.Store.Schema.ScalarAsync("SELECT count(*) FROM {{schema}}.orders"));
        Assert.Equal(2501, (await world.Repository.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task Migrations_and_roles_come_through_also_where_many_bring_them_at_once()
    {
        await using var schema = await PostgresSchema.CreateEmptyAsync(server);
        await using var user = await PooledUser.CreateAsync(schema, pooler);
        PostgresMigrator Migrator() => new(new PostgresConnections(user.DataSource), schema.Options, NullLogger<PostgresMigrator>.Instance);

        var applied = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Migrator().MigrateAsync(Ct), Ct)))
            .WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System, Ct);
        await Migrator().GrantRolesAsync(PostgresRoles.WithPrefix(schema.Options.Schema), Ct);

        Assert.Equal(PostgresSchemaFiles.All.Select(migration => migration.Name), applied.SelectMany(names => names));
        Assert.Equal(
            0L,
            await schema.ScalarAsync(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid IN (SELECT pid FROM pg_stat_activity WHERE usename = $1)",
                user.Name));
    }

    [Fact]
    public async Task A_relay_that_waits_asks_for_new_rows_and_does_not_listen()
    {
        await using var world = await World.CreateAsync(server, pooler);
        var log = new RecordingLogger<PostgresOutboxSignal>();
        await using var signal = new PostgresOutboxSignal(
            new PostgresConnections(world.User.DataSource),
            world.Store.Schema.Options,
            new() { Listen = !world.User.Options.Pooler, PollInterval = TimeSpan.FromMilliseconds(50) },
            TimeProvider.System,
            log);
        await signal.WaitAsync(Long, Ct);
        for (var i = 0; i < 3; i++)
        {
            var waiting = signal.WaitAsync(Long, Ct);
            await world.Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
            await waiting.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, Ct);
            Assert.Single(await world.Repository.ClaimAsync(10, Lease, Ct));
        }

        Assert.Empty(log.Lines);
        for (var i = 0; i < PgBouncer.PoolSize; i++)
        {
            await using var listening = world.User.DataSource.CreateCommand("SELECT count(*) FROM pg_listening_channels()");
            Assert.Equal(0L, await listening.ExecuteScalarAsync(Ct));
        }
    }

    [Fact]
    public async Task Cleanup_keeps_the_partitions()
    {
        await using var world = await World.CreateAsync(server, pooler, AfterSending.Archive);
        await world.Repository.CleanupAsync(TimeSpan.FromDays(7), null, null, 10, Ct);
        Assert.Equal(9L, await world.Store.Schema.ScalarAsync("SELECT count(*) FROM pg_inherits WHERE inhparent = '{{outbox.sent}}'::regclass"));
    }

    private sealed class World(PostgresOutboxHarness store, PooledUser user) : IAsyncDisposable
    {
        public PostgresOutboxHarness Store => store;

        public PooledUser User => user;

        public PostgresOutboxRepository Repository { get; } = store.CreateRepository(user.DataSource);

        public static async Task<World> CreateAsync(PostgresServer server, PgBouncer pooler, AfterSending afterSending = AfterSending.Keep)
        {
            var store = await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = afterSending });
            return new World(store, await PooledUser.CreateAsync(store.Schema, pooler));
        }

        public async ValueTask DisposeAsync()
        {
            await user.DisposeAsync();
            await store.DisposeAsync();
        }
    }
}
