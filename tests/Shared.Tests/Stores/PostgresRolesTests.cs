using Npgsql;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Settings;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Each role can do its part of the work, and nothing else.</summary>
public sealed class PostgresRolesTests(PostgresServer server, PostgresRolesTests.Shared shared) : IClassFixture<PostgresRolesTests.Shared>
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_app_writes_its_columns_and_the_relay_sends_what_it_wrote()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        await world.AsAsync(world.Roles.App, "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('a', 'orders.placed', '{}')");
        await world.AsAsync(
            world.Roles.App,
            "INSERT INTO {{outbox}} (event_id, subject, payload, headers, ordering_key, enqueued_at, "
            + "available_at, result) VALUES ('b', 'orders.placed', '{}', '{}', 'k', now(), now(), '1')");

        var relay = world.Repository(world.Roles.Relay);
        var claims = await relay.ClaimAsync(10, Lease, Ct);
        Assert.Equal(["a", "b"], claims.Select(claim => claim.EventId));
        Assert.Equal(1, (await relay.RetryAsync([new("a", claims[0].Token, 1, TimeSpan.Zero, "publish.unknown", "lost")], Ct)).Applied);
        Assert.Equal(1, (await relay.ParkAsync([new("b", claims[1].Token, 1, "publish.rejected", "no")], Ct)).Applied);
        Assert.True(await world.Store.ActAsync(RowAction.Skip, "b"));
        var again = await relay.MarkAsPublishingAsync("a", Lease, Ct);
        Assert.Equal(1, (await relay.MarkSentAsync([new("a", again!.Token)], Ct)).Applied);
        Assert.Equal(OutboxStatus.Sent, (await relay.FindAsync("a", Ct))!.Status);
        Assert.Empty(await relay.FindPendingAsync(10, Ct));
        Assert.Equal(2, (await relay.GetCountByStatusAsync(Ct)).Count);
        Assert.Equal(TimeSpan.Zero, await relay.OldestDueAgeAsync(Ct));
    }

    [Fact]
    public async Task The_app_writes_keys_also_where_nobody_may_execute_functions_by_default()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        await world.Schema.ExecuteAsync("REVOKE EXECUTE ON FUNCTION {{outbox.key_lock}}, {{outbox.lock_keys}}, {{outbox.heads}} FROM PUBLIC");
        await world.AsAsync(
            world.Roles.App,
            "SELECT {{outbox.lock_keys}}('{k,l}'); INSERT INTO {{outbox}} (event_id, subject, "
            + "payload, ordering_key) VALUES ('a', 's', '{}', 'k'), ('b', 's', '{}', 'l')");
        Assert.Equal(2, (await world.Repository(world.Roles.Relay).ClaimAsync(10, Lease, Ct)).Count);
    }

    [Theory]
    [InlineData("app")]
    [InlineData("consumer")]
    public async Task Who_writes_is_told_whether_an_id_is_taken_by_the_same_event_and_reads_nothing(string role)
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        var writer = world.Writer(role == "app" ? world.Roles.App : world.Roles.Consumer);
        var first = Sample.Event("e-1", "first") with { OrderingKey = "k" };
        await writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first, cancellationToken: Ct);
        await Assert.ThrowsAsync<EventAlreadyWrittenException>(
            () => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first, cancellationToken: Ct));
        await Assert.ThrowsAsync<EventIdConflictException>(
            () => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first with { Payload = "second" }, cancellationToken: Ct));
    }

    [Theory]
    [InlineData(AfterSending.Delete)]
    [InlineData(AfterSending.Archive)]
    public async Task The_relay_takes_sent_rows_away_where_it_is_to(AfterSending afterSending)
    {
        await using var world = await World.CreateAsync(server, afterSending);
        await world.AsAsync(world.Roles.App, "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('a', 'orders.placed', '{}')");
        var relay = world.Repository(world.Roles.Relay);
        var claim = Assert.Single(await relay.ClaimAsync(10, Lease, Ct));
        Assert.Equal(1, (await relay.MarkSentAsync([new("a", claim.Token)], Ct)).Applied);
        Assert.Equal(0L, await world.Schema.ScalarAsync("SELECT count(*) FROM {{outbox}}"));
    }

    [Fact]
    public async Task The_cleaner_deletes_and_resets_and_reconciles_and_keeps_the_partitions()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Archive);
        var old = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(30);
        await world.Store.WriteAsync(new RawRow("sent") { Status = "sent", SentAt = old });
        await world.Store.WriteAsync(new RawRow("parked") { Status = "failed", FailedAt = old });
        await world.Store.WriteAsync(new RawRow("stale") { Status = "publishing", ClaimedAt = old, DueAt = old, Token = "t" });
        await world.Store.WriteAsync(new RawRow("lost") { Status = "publishing", ClaimedAt = old, Token = "t" });
        var cleaner = world.Repository(world.Roles.Cleaner);

        var deleted = await cleaner.CleanupAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(7), null, 10, Ct);
        var parked = await cleaner.CleanupAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(7), deleted.Cursor, 10, Ct);

        Assert.Equal((1, 1), (deleted.Affected, parked.Affected));
        Assert.Equal(9L, await world.Schema.ScalarAsync("SELECT count(*) FROM pg_inherits WHERE inhparent = '{{outbox.sent}}'::regclass"));
        Assert.Equal(1, (await cleaner.ResetStaleAsync(TimeSpan.FromMinutes(1), null, 10, Ct)).Affected);
        Assert.Equal(1, (await cleaner.ReconcileAsync(TimeSpan.FromMinutes(1), null, 10, Ct)).Recovered);
    }

    [Theory]
    [InlineData("app", "SELECT count(*) FROM {{outbox}}")]
    [InlineData("app", "SELECT event_id FROM {{outbox}}")]
    [InlineData("app", "UPDATE {{outbox}} SET payload = 'x'")]
    [InlineData("app", "DELETE FROM {{outbox}}")]
    [InlineData("app", "TRUNCATE {{outbox}}")]
    [InlineData("app", "INSERT INTO {{outbox}} (event_id, subject, payload, status) VALUES ('x', 's', '{}', 'sent')")]
    [InlineData("app", "INSERT INTO {{outbox}} (event_id, subject, payload, attempts) VALUES ('x', 's', '{}', 9)")]
    [InlineData("app", "INSERT INTO {{outbox}} (row_id, event_id, subject, payload) OVERRIDING SYSTEM VALUE VALUES (1, 'x', 's', '{}')")]
    [InlineData("app", "SELECT setval('{{outbox.row_ids}}', 1)")]
    [InlineData("app", "SELECT * FROM {{inbox}}")]
    [InlineData("app", "SELECT {{outbox.mark_sent}}('{1}', '{t}', 'keep')")]
    [InlineData("app", "SELECT {{outbox.until_due}}()")]
    [InlineData("app", "SELECT {{outbox.await}}(1)")]
    [InlineData("app", "SELECT setval('{{outbox.awaited_until}}', 1)")]
    [InlineData("app", "SELECT * FROM {{outbox.sent}}")]
    [InlineData("app", "SELECT * FROM {{schema}}.migrations")]
    [InlineData("app", "CREATE TABLE {{schema}}.mine (i int)")]
    [InlineData("app", "ALTER TABLE {{outbox}} DISABLE TRIGGER ALL")]
    [InlineData("relay", "SELECT {{outbox.is_same}}('e', 's', '{}')")]
    [InlineData("cleaner", "SELECT {{outbox.is_same}}('e', 's', '{}')")]
    [InlineData("relay", "UPDATE {{outbox}} SET payload = 'x'")]
    [InlineData("relay", "UPDATE {{outbox}} SET subject = 'x'")]
    [InlineData("relay", "UPDATE {{outbox}} SET event_id = 'x'")]
    [InlineData("relay", "UPDATE {{outbox}} SET headers = '{}'")]
    [InlineData("relay", "UPDATE {{outbox}} SET ordering_key = 'x'")]
    [InlineData("relay", "UPDATE {{outbox}} SET row_id = DEFAULT")]
    [InlineData("relay", "DELETE FROM {{outbox}}")]
    [InlineData("relay", "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('x', 's', '{}')")]
    [InlineData("relay", "INSERT INTO {{outbox.sent}} SELECT FROM {{outbox}}")]
    [InlineData("relay", "SELECT {{outbox.mark_sent}}('{1}', '{t}', 'delete')")]
    [InlineData("relay", "SELECT {{outbox.mark_sent}}('{1}', '{t}', 'archive')")]
    [InlineData("relay", "SELECT * FROM {{inbox}}")]
    [InlineData("relay", "SELECT {{outbox.sent_upkeep}}(now(), '0', 0)")]
    [InlineData("cleaner", "UPDATE {{outbox}} SET payload = 'x'")]
    [InlineData("cleaner", "UPDATE {{outbox}} SET sent_at = now()")]
    [InlineData("cleaner", "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('x', 's', '{}')")]
    [InlineData("cleaner", "DELETE FROM {{outbox.sent}}")]
    [InlineData("cleaner", "DROP TABLE {{outbox.sent_other}}")]
    [InlineData("cleaner", "SELECT {{outbox.mark_sent}}('{1}', '{t}', 'keep')")]
    [InlineData("consumer", "SELECT * FROM {{outbox}}")]
    [InlineData("consumer", "SELECT {{outbox.mark_sent}}('{1}', '{t}', 'keep')")]
    [InlineData("consumer", "SELECT {{outbox.until_due}}()")]
    [InlineData("consumer", "SELECT {{outbox.await}}(1)")]
    [InlineData("cleaner", "SELECT {{outbox.await}}(1)")]
    [InlineData("consumer", "UPDATE {{outbox}} SET status = 'sent'")]
    [InlineData("consumer", "DELETE FROM {{inbox}}")]
    [InlineData("consumer", "INSERT INTO {{jobs}} (job) VALUES ('a')")]
    [InlineData("relay", "DELETE FROM {{jobs}}")]
    public async Task Nobody_can_do_what_is_not_his(string role, string sql)
    {
        var world = shared.World;
        var name = role switch
        {
            "app" => world.Roles.App,
            "relay" => world.Roles.Relay,
            "cleaner" => world.Roles.Cleaner,
            _ => world.Roles.Consumer,
        };
        var error = await Assert.ThrowsAsync<PostgresException>(() => world.AsAsync(name, sql));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, error.SqlState);
    }

    [Fact]
    public async Task Granting_again_takes_back_what_was_granted_by_hand()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        await world.Schema.ExecuteAsync($"GRANT SELECT ON {{{{outbox}}}} TO {world.Roles.App}");
        await world.AsAsync(world.Roles.App, "SELECT count(*) FROM {{outbox}}");
        await world.Schema.Migrator().GrantRolesAsync(world.Roles, Ct);
        await Assert.ThrowsAsync<PostgresException>(() => world.AsAsync(world.Roles.App, "SELECT count(*) FROM {{outbox}}"));
    }

    [Fact]
    public void Roles_have_checked_and_different_names()
    {
        Assert.Throws<SettingsException>(() => new PostgresRoles { App = "app\"; DROP ROLE x; --" });
        Assert.Throws<SettingsException>(
            () => new PostgresRoles { App = "same", Relay = "same" }.Render(new PostgresNames(new PostgresOptions()), AfterSending.Keep));
    }

    /// <summary>One world for what nobody can do, which leaves it as it is.</summary>
    public sealed class Shared(PostgresServer server) : IAsyncLifetime
    {
        private World? _world;

        internal World World => _world ?? throw new InvalidOperationException("The tests have not begun.");

        public async ValueTask InitializeAsync() => _world = await World.CreateAsync(server, AfterSending.Keep);

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }

    internal sealed class World(PostgresOutboxHarness store, PostgresRoles roles) : IAsyncDisposable
    {
        private readonly List<NpgsqlDataSource> _dataSources = [];

        public PostgresOutboxHarness Store => store;

        public PostgresSchema Schema => store.Schema;

        public PostgresRoles Roles => roles;

        public static async Task<World> CreateAsync(PostgresServer server, AfterSending afterSending)
        {
            var store = await PostgresOutboxHarness.CreateAsync(server, new PostgresOptions { AfterSending = afterSending });
            var prefix = store.Schema.Options.Schema;
            var roles = new PostgresRoles
            {
                App = $"{prefix}_app", Relay = $"{prefix}_relay", Cleaner = $"{prefix}_cleaner", Consumer = $"{prefix}_consumer",
            };
            await store.Schema.Migrator().GrantRolesAsync(roles, Ct);
            return new World(store, roles);
        }

        public PostgresOutboxRepository Repository(string role) => store.CreateRepository(Connect(role));

        public PostgresOutboxWriter Writer(string role) => new(Connect(role), Schema.Options);

        public async Task AsAsync(string role, string sql)
        {
            await using var command = Connect(role).CreateCommand(Schema.Fill(sql));
            await command.ExecuteNonQueryAsync(Ct);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var dataSource in _dataSources)
            {
                await dataSource.DisposeAsync();
            }

            await store.DisposeAsync();
        }

        private NpgsqlDataSource Connect(string role)
        {
            var dataSource = Schema.Connect(settings => settings.Options = $"-c role={role}");
            _dataSources.Add(dataSource);
            return dataSource;
        }
    }
}
