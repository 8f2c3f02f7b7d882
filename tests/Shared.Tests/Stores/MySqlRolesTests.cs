using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Each role can do its part of the work, and nothing else.</summary>
public sealed class MySqlRolesTests(MySqlServer server, MySqlRolesTests.Shared shared) : IClassFixture<MySqlRolesTests.Shared>
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    // No right on the table, on the column, on the database, on the routine.
    private static readonly MySqlErrorCode[] Denials =
    [
        MySqlErrorCode.TableAccessDenied, MySqlErrorCode.ColumnAccessDenied, MySqlErrorCode.DatabaseAccessDenied, (MySqlErrorCode)1370,
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_app_writes_its_columns_and_the_relay_sends_what_it_wrote()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        await world.AsAsync("app", "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('a', 'orders.placed', '{}')");
        await world.AsAsync(
            "app",
            "INSERT INTO {{outbox}} (event_id, subject, payload, headers, ordering_key, enqueued_at, "
            + "available_at, result) VALUES ('b', 'orders.placed', '{}', '{}', 'k', {{now}}, {{now}}, '1')");

        var relay = world.Repository("relay");
        var claims = await relay.ClaimAsync(10, Lease, Ct);
        Assert.Equal(["a", "b"], claims.Select(claim => claim.EventId).Order());
        var (a, b) = (claims.Single(claim => claim.EventId == "a"), claims.Single(claim => claim.EventId == "b"));
        Assert.Equal(1, (await relay.RetryAsync([new("a", a.Token, 1, TimeSpan.Zero, "publish.unknown", "lost")], Ct)).Applied);
        Assert.Equal(1, (await relay.ParkAsync([new("b", b.Token, 1, "publish.rejected", "no")], Ct)).Applied);
        var again = await relay.MarkAsPublishingAsync("a", Lease, Ct);
        Assert.Equal(1, (await relay.MarkSentAsync([new("a", again!.Token)], Ct)).Applied);
        Assert.Equal(OutboxStatus.Sent, (await relay.FindAsync("a", Ct))!.Status);
        Assert.Empty(await relay.FindPendingAsync(10, Ct));
        Assert.Equal(2, (await relay.GetCountByStatusAsync(Ct)).Count);
        Assert.Equal(TimeSpan.Zero, await relay.OldestDueAgeAsync(Ct));
    }

    [Theory]
    [InlineData("app")]
    [InlineData("consumer")]
    public async Task Who_writes_is_told_whether_an_id_is_taken_by_the_same_event_and_reads_nothing(string role)
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        var writer = new MySqlOutboxWriter(world.Connect(role), world.Schema.Options);
        var first = Sample.Event("e-1", "first") with { OrderingKey = "k" };
        await writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first, cancellationToken: Ct);
        await Assert.ThrowsAsync<EventAlreadyWrittenException>(
            () => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first, cancellationToken: Ct));
        await Assert.ThrowsAsync<EventIdConflictException>(
            () => writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), first with { Payload = "second" }, cancellationToken: Ct));
    }

    [Fact]
    public async Task The_app_writes_events_of_several_keys()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        var writer = new MySqlOutboxWriter(world.Connect("app"), world.Schema.Options);
        await using var connection = await world.Connect("app").OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await writer.EnqueueManyAsync([.. "ba".Select(key => Sample.Event($"e-{key}") with { OrderingKey = $"{key}" })], transaction, Ct);
        await transaction.CommitAsync(Ct);
        Assert.Equal(2, (await world.Repository("relay").ClaimAsync(10, Lease, Ct)).Count);
    }

    [Fact]
    public async Task The_relay_takes_sent_rows_away_where_it_is_to()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Delete);
        await world.AsAsync("app", "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('a', 'orders.placed', '{}')");
        var relay = world.Repository("relay");
        var claim = Assert.Single(await relay.ClaimAsync(10, Lease, Ct));
        Assert.Equal(1, (await relay.MarkSentAsync([new("a", claim.Token)], Ct)).Applied);
        Assert.Equal(0L, await world.Schema.ScalarAsync("SELECT COUNT(*) FROM {{outbox}}"));
    }

    [Fact]
    public async Task The_cleaner_deletes_and_resets_and_reconciles_and_keeps_its_jobs()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        await world.Schema.ExecuteAsync(
            """
            INSERT INTO {{outbox}} (event_id, subject, payload, status, enqueued_at, claimed_at, lease_until, claim_token, sent_at, failed_at)
            SELECT kind.id, 's', '{}', kind.status, old.t, IF(kind.status = 'publishing', old.t, NULL), IF(kind.id = 'stale', old.t, NULL),
                   IF(kind.status = 'publishing', 't', NULL), IF(kind.status = 'sent', old.t, NULL), IF(kind.status = 'failed', old.t, NULL)
            FROM (SELECT 'sent' AS id, 'sent' AS status UNION ALL SELECT 'parked', 'failed' UNION ALL SELECT 'stale', 'publishing'
                  UNION ALL SELECT 'lost', 'publishing') kind
            JOIN (SELECT {{now}} - INTERVAL 30 DAY AS t) old
            """);
        var cleaner = world.Repository("cleaner");

        var deleted = await cleaner.CleanupAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(7), null, 10, Ct);
        var parked = await cleaner.CleanupAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(7), deleted.Cursor, 10, Ct);

        Assert.Equal((1, 1), (deleted.Affected, parked.Affected));
        Assert.Equal(1, (await cleaner.ResetStaleAsync(TimeSpan.FromMinutes(1), null, 10, Ct)).Affected);
        Assert.Equal(1, (await cleaner.ReconcileAsync(TimeSpan.FromMinutes(1), null, 10, Ct)).Recovered);

        var jobs = new MySqlJobStore(
            new MySqlConnections(world.Connect("cleaner")), world.Schema.Options, TimeProvider.System, SystemEntropy.Instance);
        var lease = await jobs.TryAcquireAsync("cleanup", Lease, Ct);
        Assert.True(await jobs.SaveAsync(lease!, "cursor", Lease, Ct));
    }

    [Theory]
    [InlineData("app", "SELECT COUNT(*) FROM {{outbox}}")]
    [InlineData("app", "SELECT event_id FROM {{outbox}}")]
    [InlineData("app", "UPDATE {{outbox}} SET payload = 'x'")]
    [InlineData("app", "DELETE FROM {{outbox}}")]
    [InlineData("app", "TRUNCATE {{outbox}}")]
    [InlineData("app", "INSERT INTO {{outbox}} (event_id, subject, payload, status) VALUES ('x', 's', '{}', 'sent')")]
    [InlineData("app", "INSERT INTO {{outbox}} (event_id, subject, payload, attempts) VALUES ('x', 's', '{}', 9)")]
    [InlineData("app", "INSERT INTO {{outbox}} (row_id, event_id, subject, payload) VALUES (1, 'x', 's', '{}')")]
    [InlineData("app", "INSERT INTO {{outbox}} (event_id, subject, payload, key_number) VALUES ('x', 's', '{}', 1)")]
    [InlineData("app", "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('x', 's', '{}') ON DUPLICATE KEY UPDATE payload = 'y'")]
    [InlineData("app", "UPDATE {{outbox.keys}} SET last_number = 0")]
    [InlineData("app", "SELECT * FROM {{inbox}}")]
    [InlineData("app", "SELECT * FROM {{schema}}.migrations")]
    [InlineData("app", "CALL {{inbox.complete}}('e', 'c', '', 't', NULL)")]
    [InlineData("app", "CREATE TABLE {{schema}}.mine (i INT)")]
    [InlineData("app", "ALTER TABLE {{outbox}} ADD COLUMN mine INT")]
    [InlineData("app", "DROP TRIGGER {{outbox.number}}")]
    [InlineData("relay", "CALL {{outbox.is_same}}('e', 's', '{}')")]
    [InlineData("cleaner", "CALL {{outbox.is_same}}('e', 's', '{}')")]
    [InlineData("relay", "UPDATE {{outbox}} SET payload = 'x'")]
    [InlineData("relay", "UPDATE {{outbox}} SET subject = 'x'")]
    [InlineData("relay", "UPDATE {{outbox}} SET event_id = 'x'")]
    [InlineData("relay", "UPDATE {{outbox}} SET headers = '{}'")]
    [InlineData("relay", "UPDATE {{outbox}} SET ordering_key = 'x'")]
    [InlineData("relay", "UPDATE {{outbox}} SET key_number = 1")]
    [InlineData("relay", "UPDATE {{outbox}} SET row_id = row_id + 1")]
    [InlineData("relay", "DELETE FROM {{outbox}}")]
    [InlineData("relay", "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('x', 's', '{}')")]
    [InlineData("relay", "SELECT * FROM {{inbox}}")]
    [InlineData("relay", "DELETE FROM {{jobs}}")]
    [InlineData("cleaner", "UPDATE {{outbox}} SET payload = 'x'")]
    [InlineData("cleaner", "UPDATE {{outbox}} SET sent_at = {{now}}")]
    [InlineData("cleaner", "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('x', 's', '{}')")]
    [InlineData("cleaner", "UPDATE {{inbox}} SET processed_at = {{now}}")]
    [InlineData("cleaner", "DROP TABLE {{jobs}}")]
    [InlineData("consumer", "SELECT * FROM {{outbox}}")]
    [InlineData("consumer", "UPDATE {{outbox}} SET status = 'sent'")]
    [InlineData("consumer", "DELETE FROM {{inbox}}")]
    [InlineData("consumer", "INSERT INTO {{jobs}} (job) VALUES ('a')")]
    public async Task Nobody_can_do_what_is_not_his(string role, string sql)
    {
        var world = shared.World;
        var error = await Assert.ThrowsAsync<MySqlException>(() => world.AsAsync(role, sql));
        Assert.Contains(error.ErrorCode, Denials);
    }

    [Fact]
    public async Task Granting_again_takes_back_what_was_granted_by_hand_and_leaves_what_is_needed_and_other_tables()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        var (app, relay) = (world.Roles.App, world.Roles.Relay);
        await world.Schema.ExecuteAsync("CREATE TABLE {{schema}}.others (i INT)");
        string[] byHand =
        [
            $"GRANT SELECT, INSERT ON {{{{outbox}}}} TO {app} WITH GRANT OPTION", $"GRANT UPDATE (payload) ON {{{{outbox}}}} TO {relay}",
            $"GRANT ALL ON {{{{inbox}}}} TO {app}", $"GRANT DELETE ON {{{{schema}}}}.* TO {app}",
            $"GRANT EXECUTE ON PROCEDURE {{{{inbox.complete}}}} TO {app}", $"GRANT SELECT ON {{{{schema}}}}.others TO {app}",
        ];
        foreach (var grant in byHand)
        {
            await world.Schema.ExecuteAsync(grant);
        }

        await world.AsAsync("app", "DELETE FROM {{outbox}}");
        var before = await world.GrantsAsync();
        await world.Schema.Migrator().GrantRolesAsync(world.Roles, Ct);

        foreach (var sql in new[]
        {
            "SELECT COUNT(*) FROM {{outbox}}", "DELETE FROM {{outbox}}", "SELECT * FROM {{inbox}}",
            "CALL {{inbox.complete}}('e', 'c', '', 't', NULL)",
            "INSERT INTO {{outbox}} (event_id, subject, payload, attempts) VALUES ('x', 's', '{}', 9)",
        })
        {
            var error = await Assert.ThrowsAsync<MySqlException>(() => world.AsAsync("app", sql));
            Assert.Contains(error.ErrorCode, Denials);
        }

        await Assert.ThrowsAsync<MySqlException>(() => world.AsAsync("relay", "UPDATE {{outbox}} SET payload = 'x'"));
        await world.AsAsync("app", "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('a', 'orders.placed', '{}')");
        await world.AsAsync("app", "SELECT * FROM {{schema}}.others");
        Assert.Single(await world.Repository("relay").ClaimAsync(10, Lease, Ct));

        var after = await world.GrantsAsync();
        Assert.NotEqual(before, after);
        await world.Schema.Migrator().GrantRolesAsync(world.Roles, Ct);
        Assert.Equal(after, await world.GrantsAsync());
    }

    [Fact]
    public async Task The_users_that_are_named_get_their_roles_as_their_default()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        await using var functions = await world.CreateUserAsync();
        await using var app = await world.CreateUserAsync();
        await world.Schema.ExecuteAsync("CREATE TABLE {{schema}}.effects (event_id VARBINARY(1020) PRIMARY KEY)");
        var roles = world.Roles with { FunctionsUser = functions.Name, AppUsers = [$"{app.Name}@%"], HandlerTables = ["effects"] };
        for (var i = 0; i < 2; i++)
        {
            await world.Schema.Migrator().GrantRolesAsync(roles, Ct);
        }

        await world.AsAsync(app, "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('a', 'orders.placed', '{}')");
        await world.AsAsync(functions, "SELECT COUNT(*) FROM {{outbox}}");
        await world.AsAsync(functions, "SELECT COUNT(*) FROM {{inbox}}");
        await world.AsAsync(functions, "SELECT COUNT(*) FROM {{jobs}}");
        await world.AsAsync(functions, "INSERT INTO {{schema}}.effects VALUES ('a')");
        await Assert.ThrowsAsync<MySqlException>(() => world.AsAsync(app, "SELECT COUNT(*) FROM {{outbox}}"));
    }

    [Fact]
    public async Task A_user_who_is_not_there_is_named()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        var wrong = await Assert.ThrowsAsync<MigrationException>(
            () => world.Schema.Migrator().GrantRolesAsync(world.Roles with { FunctionsUser = "nobody@localhost" }, Ct));
        Assert.Contains("no user 'nobody'@'localhost'", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_MariaDB_a_user_keeps_the_default_role_that_it_has()
    {
        await using var world = await World.CreateAsync(server, AfterSending.Keep);
        Assert.SkipUnless(await world.IsMariaDbAsync(), "A user of MySQL can have several default roles.");
        await using var app = await world.CreateUserAsync();
        await world.Schema.ExecuteAsync($"CREATE ROLE r{app.Name}; GRANT r{app.Name} TO {app.Name}; SET DEFAULT ROLE r{app.Name} FOR {app.Name}");
        var wrong = await Assert.ThrowsAsync<MigrationException>(
            () => world.Schema.Migrator().GrantRolesAsync(world.Roles with { AppUsers = [app.Name] }, Ct));
        await world.Schema.ExecuteAsync($"DROP ROLE r{app.Name}");
        Assert.Contains("has another default role already", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Grants_of_ours_and_of_the_servers_are_read_alike()
    {
        var ours = Assert.Single(MySqlGrant.ReadAll("-- GRANT nothing\nGRANT SELECT, UPDATE (status,\n    waits) ON `s`.`outbox` TO `r`;\n"));
        var mariaDb = MySqlGrant.Read("GRANT SELECT, UPDATE (`waits`, `status`) ON `s`.`outbox` TO `r`");
        var mySql = MySqlGrant.Read("GRANT SELECT, UPDATE (`status`, `waits`) ON `s`.`outbox` TO `r`@`%` WITH GRANT OPTION")!;
        Assert.Equal(["SELECT", "UPDATE (`status`)", "UPDATE (`waits`)"], ours.Rights.Order());
        Assert.Equal(ours.Rights.Order(), mariaDb!.Rights.Order());
        Assert.Equal([.. ours.Rights.Append("GRANT OPTION").Order()], mySql.Rights.Order());
        Assert.Equal(("`s`.`outbox`", "`r`"), (mySql.Target, mySql.Grantee));
        Assert.Equal("REVOKE UPDATE (`waits`) ON `s`.`outbox` FROM `r`", ours.Revoke("UPDATE (`waits`)"));
        Assert.Empty(MySqlGrant.Read("GRANT USAGE ON *.* TO `r`@`%`")!.Rights);
        Assert.Equal("PROCEDURE `s`.`p`", MySqlGrant.Read("GRANT EXECUTE ON PROCEDURE `s`.`p` TO `r`@`%`")!.Target);
        Assert.Null(MySqlGrant.Read("GRANT `a`@`%`,`b`@`%` TO `r`@`%`"));
    }

    /// <summary>One world for what nobody can do, which leaves it as it is.</summary>
    public sealed class Shared(MySqlServer server) : IAsyncLifetime
    {
        private World? _world;

        internal World World => _world ?? throw new InvalidOperationException("The tests have not begun.");

        public async ValueTask InitializeAsync() => _world = await World.CreateAsync(server, AfterSending.Keep);

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }

    internal sealed class World(MySqlSchema schema, MySqlRoles roles) : IAsyncDisposable
    {
        private static readonly string[] Names = ["app", "relay", "cleaner", "consumer"];

        private readonly Dictionary<string, MySqlTestUser> _users = [];
        private readonly List<MySqlDataSource> _dataSources = [];

        public MySqlSchema Schema => schema;

        public MySqlRoles Roles => roles;

        public static async Task<World> CreateAsync(MySqlServer server, AfterSending afterSending)
        {
            var schema = await MySqlSchema.CreateAsync(server, new MySqlOptions { AfterSending = afterSending });

            // Its roles are no objects of the schema.
            schema.Abandon();
            var world = new World(schema, new MySqlRoles { Prefix = schema.Options.Schema });
            await schema.Migrator().GrantRolesAsync(world.Roles, Ct);
            foreach (var name in Names)
            {
                var user = world._users[name] = await world.CreateUserAsync();
                var role = MySqlRoles.NameOf(world.Roles.Prefix, name);
                await schema.ExecuteAsync(
                    $"GRANT {role} TO {user.Name}; SET DEFAULT ROLE {role} {(await world.IsMariaDbAsync() ? "FOR" : "TO")} {user.Name}");
            }

            return world;
        }

        public async Task<MySqlTestUser> CreateUserAsync()
        {
            var user = new MySqlTestUser(schema);
            await schema.ExecuteAsync(
                $"CREATE USER {user.Name} IDENTIFIED BY '{MySqlTestUser.Password}'; GRANT SELECT ON {{{{schema}}}}.test_clock TO {user.Name}");
            return user;
        }

        public async Task<bool> IsMariaDbAsync() => $"{await schema.ScalarAsync("SELECT VERSION()")}".Contains("MariaDB", StringComparison.Ordinal);

        public MySqlOutboxRepository Repository(string role) =>
            new(new MySqlConnections(Connect(role)), schema.Options, TimeProvider.System, SystemEntropy.Instance);

        public Task AsAsync(string role, string sql) => AsAsync(_users[role], sql);

        public async Task AsAsync(MySqlTestUser user, string sql)
        {
            await using var connection = await Connect(user).OpenConnectionAsync(Ct);
            await using var command = new MySqlCommand(schema.Fill(sql), connection);
            await command.ExecuteNonQueryAsync(Ct);
        }

        public MySqlDataSource Connect(string role) => Connect(_users[role]);

        public async Task<string> GrantsAsync()
        {
            var lines = new List<string>();
            foreach (var name in Names)
            {
                lines.AddRange((await schema.QueryAsync($"SHOW GRANTS FOR {MySqlRoles.NameOf(roles.Prefix, name)}")).SelectMany(row => row.Values));
            }

            return string.Join('\n', lines);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var dataSource in _dataSources)
            {
                await dataSource.DisposeAsync();
            }

            foreach (var user in _users.Values)
            {
                await user.DisposeAsync();
            }

            var names = Names.Append("functions").Select(name => MySqlRoles.NameOf(roles.Prefix, name));
            await schema.ExecuteAsync($"DROP ROLE IF EXISTS {string.Join(", ", names)}");
            await schema.DisposeAsync();
        }

        private MySqlDataSource Connect(MySqlTestUser user)
        {
            var dataSource = user.Connect();
            _dataSources.Add(dataSource);
            return dataSource;
        }
    }
}
