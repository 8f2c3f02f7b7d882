using System.Data.Common;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Postgres;
using Relaybox.Settings;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The migrator makes the schema once, also where several callers run it, and under checked names.</summary>
public sealed class PostgresMigratorTests(PostgresServer server) : SqlMigratorConformance
{
    protected override (string First, string Last) Ends => ("inbox_claim", "0001_tables");

    private protected override async Task<SqlSchema> CreateEmptyAsync() => await PostgresSchema.CreateEmptyAsync(server);

    private protected override async Task<DbTransaction> HoldAsync(SqlSchema schema)
    {
        var slow = await ((PostgresSchema)schema).DataSource.OpenConnectionAsync(Ct);
        var first = await slow.BeginTransactionAsync(Ct);
        await using var hold = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", slow, first);
        hold.Parameters.Add(new() { Value = $"relaybox.migrate.{((PostgresSchema)schema).Options.Schema}" });
        await hold.ExecuteNonQueryAsync(Ct);
        return first;
    }

    private protected override (Task<IReadOnlyList<string>> Migration, Func<IReadOnlyCollection<string>> Lines) MigrateImpatiently(SqlSchema schema)
    {
        var impatient = ((PostgresSchema)schema).Connect(settings => settings.CommandTimeout = 1);
        var log = new RecordingLogger<PostgresMigrator>();
        var migrator = new PostgresMigrator(new PostgresConnections(impatient), ((PostgresSchema)schema).Options, log)
        {
            WaitStep = TimeSpan.FromSeconds(1.5),
        };
        return (migrator.MigrateAsync(Ct), () => log.Lines);
    }

    [Fact]
    public async Task A_development_database_is_created_where_there_is_none()
    {
        var options = new PostgresOptions { Schema = PostgresServer.UniqueSchema() };
        await new PostgresMigrator(new PostgresConnections(server.DataSource), options, NullLogger<PostgresMigrator>.Instance).EnsureCreatedAsync(Ct);
        await using var command = server.DataSource.CreateCommand($"SELECT count(*) FROM {options.Schema}.outbox");
        Assert.Equal(0L, await command.ExecuteScalarAsync(Ct));
        await using var drop = server.DataSource.CreateCommand($"DROP SCHEMA {options.Schema} CASCADE");
        await drop.ExecuteNonQueryAsync(Ct);
    }

    [Fact]
    public async Task A_migration_may_take_longer_than_other_commands()
    {
        await using var schema = await PostgresSchema.CreateAsync(server);
        await schema.ExecuteAsync("DELETE FROM {{schema}}.migrations WHERE name = 'outbox_notify'");
        await using var slow = await schema.DataSource.OpenConnectionAsync(Ct);
        await using var reading = await slow.BeginTransactionAsync(Ct);
        await using (var read = new NpgsqlCommand(schema.Fill("LOCK TABLE {{schema}}.migrations IN ACCESS EXCLUSIVE MODE"), slow, reading))
        {
            await read.ExecuteNonQueryAsync(Ct);
        }

        await using var impatient = schema.Connect(settings => settings.CommandTimeout = 1);
        var migrator = new PostgresMigrator(new PostgresConnections(impatient), schema.Options, NullLogger<PostgresMigrator>.Instance)
        {
            LongestTableWait = TimeSpan.FromSeconds(3),
        };
        var error = await Assert.ThrowsAsync<MigrationException>(() => migrator.MigrateAsync(Ct));
        Assert.Contains("open for long holds one of the tables", error.Message, StringComparison.Ordinal);

        await reading.RollbackAsync(Ct);
        Assert.Equal(["outbox_notify"], await migrator.MigrateAsync(Ct));
    }

    [Fact]
    public async Task A_function_whose_text_has_changed_is_applied_again_and_keeps_its_grants()
    {
        await using var schema = await PostgresSchema.CreateAsync(server);
        var role = $"caller_{Guid.NewGuid():N}";
        await schema.ExecuteAsync(
            $$$"""
            CREATE ROLE {{{role}}};
            REVOKE EXECUTE ON FUNCTION {{outbox.key_lock}} FROM PUBLIC;
            GRANT EXECUTE ON FUNCTION {{outbox.key_lock}} TO {{{role}}};
            CREATE OR REPLACE FUNCTION {{outbox.key_lock}}(ordering_key text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 7';
            UPDATE {{schema}}.migrations SET checksum = 'of another version' WHERE name = 'outbox_key_lock';
            """);
        try
        {
            await schema.Migrator().EnsureCreatedAsync(Ct);

            Assert.NotEqual(7, await schema.ScalarAsync("SELECT {{outbox.key_lock}}('a')"));
            Assert.Equal(true, await schema.ScalarAsync($"SELECT has_function_privilege('{role}', '{{{{outbox.key_lock}}}}(text)', 'EXECUTE')"));
            Assert.Equal(false, await schema.ScalarAsync("SELECT has_function_privilege('public', '{{outbox.key_lock}}(text)', 'EXECUTE')"));
            Assert.Empty(await schema.Migrator().MigrateAsync(Ct));
        }
        finally
        {
            await schema.ExecuteAsync($"REVOKE EXECUTE ON FUNCTION {{{{outbox.key_lock}}}} FROM {role}; DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task A_migration_that_fails_says_why_and_leaves_nothing_behind()
    {
        await using var schema = await PostgresSchema.CreateEmptyAsync(server);
        await schema.ExecuteAsync("CREATE VIEW {{outbox}} AS SELECT 1");

        var error = await Assert.ThrowsAsync<MigrationException>(() => schema.Migrator().MigrateAsync(Ct));

        Assert.Contains("0001_tables", error.Message, StringComparison.Ordinal);
        Assert.Contains("already exists", error.Message, StringComparison.Ordinal);
        Assert.Null(await schema.ScalarAsync("SELECT to_regclass('{{schema}}.migrations')::text") as string);
        Assert.Null(await schema.ScalarAsync("SELECT to_regproc('{{outbox.notify}}')::text") as string);
        await schema.ExecuteAsync("DROP VIEW {{outbox}}");
        Assert.NotEmpty(await schema.Migrator().MigrateAsync(Ct));
    }

    [Fact]
    public async Task Names_of_every_allowed_length_work()
    {
        var longest = new string('a', 62);
        await using var schema = await PostgresSchema.CreateAsync(
            server, new PostgresOptions { OutboxTable = longest + "O", InboxTable = longest + "i", JobsTable = longest + "j" });
        Assert.Equal(0L, await schema.ScalarAsync("SELECT count(*) FROM {{outbox}}"));
        Assert.Equal(0L, await schema.ScalarAsync(
            "SELECT count(*) FROM pg_class c WHERE relnamespace = $1::regnamespace AND length(relname) > 63", schema.Options.Schema));
    }

    [Fact]
    public void Two_tables_of_one_name_are_refused()
    {
        PostgresOptions[] all =
        [
            new() { InboxTable = "outbox" }, new() { JobsTable = "inbox" },
            new() { InboxTable = "outbox_sent" }, new() { JobsTable = "migrations" },
        ];
        Assert.All(all, options => Assert.Throws<SettingsException>(() => new PostgresNames(options)));
    }

    [Fact]
    public void The_databases_own_schemas_are_refused()
    {
        Assert.Throws<SettingsException>(() => new PostgresOptions { Schema = "pg_catalog" });
        Assert.Throws<SettingsException>(() => new PostgresOptions { Schema = "information_schema" });
    }
}
