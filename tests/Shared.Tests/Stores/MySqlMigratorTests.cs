using System.Data.Common;
using System.Text.RegularExpressions;
using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Settings;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Sql;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// The migrator makes the schema once, also where several callers run it or an earlier call ended in the middle, and under checked names.
/// </summary>
public sealed class MySqlMigratorTests(MySqlServer server) : SqlMigratorConformance
{
    private const string KeyedRow = "INSERT INTO {{outbox}} (event_id, subject, payload, ordering_key) VALUES (?, 'orders.placed', '{}', 'k-1')";

    private static IEnumerable<string> AllNames => MySqlSchemaFiles.All.Select(file => file.Name);

    protected override (string First, string Last) Ends => ("0001_outbox", "outbox_number");

    private protected override async Task<SqlSchema> CreateEmptyAsync() => await MySqlSchema.CreateEmptyAsync(server);

    private protected override async Task<DbTransaction> HoldAsync(SqlSchema schema)
    {
        var slow = await ((MySqlSchema)schema).DataSource.OpenConnectionAsync(Ct);
        var first = await slow.BeginTransactionAsync(Ct);
        await using var hold = new MySqlCommand(schema.Fill("SELECT 1 FROM {{schema}}.migrations WHERE name = 'lock' FOR UPDATE"), slow, first);
        Assert.NotNull(await hold.ExecuteScalarAsync(Ct));
        return first;
    }

    private protected override (Task<IReadOnlyList<string>> Migration, Func<IReadOnlyCollection<string>> Lines) MigrateImpatiently(SqlSchema schema)
    {
        var impatient = ((MySqlSchema)schema).Connect(settings => settings.DefaultCommandTimeout = 1);
        var log = new RecordingLogger<MySqlMigrator>();
        var migrator = new MySqlMigrator(new MySqlConnections(impatient), ((MySqlSchema)schema).Options, log) { WaitStep = TimeSpan.FromSeconds(3) };
        return (migrator.MigrateAsync(Ct), () => log.Lines);
    }

    [Fact]
    public async Task A_development_database_is_created_where_there_is_none()
    {
        var options = new MySqlOptions { Schema = MySqlServer.UniqueSchema() };
        await using var source = new MySqlDataSource(server.ConnectionString);
        await new MySqlMigrator(source, options).EnsureCreatedAsync(Ct);
        await using var connection = await source.OpenConnectionAsync(Ct);
        await using var command = new MySqlCommand($"SELECT COUNT(*) FROM {options.Schema}.outbox", connection);
        Assert.Equal(0L, await command.ExecuteScalarAsync(Ct));
        await using var drop = new MySqlCommand($"DROP DATABASE {options.Schema}", connection);
        await drop.ExecuteNonQueryAsync(Ct);
    }

    [Fact]
    public async Task A_trigger_waits_for_a_transaction_that_uses_its_table_longer_than_other_commands_do()
    {
        await using var schema = await MySqlSchema.CreateAsync(server);
        await schema.ExecuteAsync("DELETE FROM {{schema}}.migrations WHERE name = 'outbox_number'");
        await using var slow = await schema.DataSource.OpenConnectionAsync(Ct);
        await using var writing = await slow.BeginTransactionAsync(Ct);
        await using (var write = new MySqlCommand(schema.Fill(KeyedRow), slow, writing))
        {
            write.Parameters.Add(new() { Value = "e-1" });
            await write.ExecuteNonQueryAsync(Ct);
        }

        await using var impatient = schema.Connect(settings => settings.DefaultCommandTimeout = 1);
        var migrator = new MySqlMigrator(new MySqlConnections(impatient), schema.Options, new RecordingLogger<MySqlMigrator>())
        {
            LongestTableWait = TimeSpan.FromSeconds(3),
        };
        var error = await Assert.ThrowsAsync<MigrationException>(() => migrator.MigrateAsync(Ct));
        Assert.Contains("open for long uses one of the tables", error.Message, StringComparison.Ordinal);

        await writing.CommitAsync(Ct);
        Assert.Equal(["outbox_number"], await migrator.MigrateAsync(Ct));
        Assert.Equal("e-1", await ByNumberAsync(schema));
    }

    [Fact]
    public async Task A_migration_whose_connections_are_killed_after_each_statement_goes_on_with_the_next_one()
    {
        await using var schema = await MySqlSchema.CreateEmptyAsync(server);
        await using var user = await schema.CreateUserAsync("ALL PRIVILEGES ON {{schema}}.*");
        var applied = new List<string>();
        var calls = 0;
        while (applied.Count < MySqlSchemaFiles.All.Count)
        {
            Assert.True(++calls <= MySqlSchemaFiles.All.Count, "a call has applied nothing");
            var log = new RecordingLogger<MySqlMigrator>
            {
                OnLine = line =>
                {
                    applied.Add(AllNames.Single(name => line.Contains($" {name} ", StringComparison.Ordinal)));
                    user.CutAsync().GetAwaiter().GetResult();
                },
            };
            await using var source = user.Connect();
            await Assert.ThrowsAsync<MigrationException>(() => new MySqlMigrator(new MySqlConnections(source), schema.Options, log).MigrateAsync(Ct));
        }

        Assert.Equal(AllNames, applied);
        Assert.Empty(await schema.Migrator().MigrateAsync(Ct));
    }

    [Fact]
    public async Task A_statement_that_took_effect_and_was_not_recorded_is_applied_again_and_changes_nothing()
    {
        await using var schema = await MySqlSchema.CreateAsync(server);
        await schema.ExecuteAsync(KeyedRow, "e-1");
        foreach (var name in AllNames)
        {
            await schema.ExecuteAsync("DELETE FROM {{schema}}.migrations WHERE name = ?", name);
            Assert.Equal([name], await schema.Migrator().MigrateAsync(Ct));
        }

        Assert.Equal(1024L, await schema.ScalarAsync("SELECT COUNT(*) FROM {{outbox.keys}}"));
        await schema.ExecuteAsync(KeyedRow, "e-2");
        Assert.Equal("e-1, e-2", await ByNumberAsync(schema));
    }

    [Fact]
    public async Task A_routine_whose_text_has_changed_is_applied_again()
    {
        await using var schema = await MySqlSchema.CreateAsync(server);
        await schema.ExecuteAsync("DROP PROCEDURE {{inbox.complete}}");
        await schema.ExecuteAsync("CREATE PROCEDURE {{inbox.complete}}() SELECT 'of another version'");
        await schema.ExecuteAsync("UPDATE {{schema}}.migrations SET checksum = 'of another version' WHERE name = 'inbox_complete'");

        await schema.Migrator().EnsureCreatedAsync(Ct);

        var routines = await schema.QueryAsync(
            "SELECT routine_definition AS text FROM information_schema.routines WHERE routine_schema = ?", schema.Options.Schema);
        Assert.Contains(routines, routine => routine["text"].Contains("RB002", StringComparison.Ordinal));
        Assert.Empty(await schema.Migrator().MigrateAsync(Ct));
    }

    [Theory]
    [InlineData("outbox_number", "DROP TRIGGER {{outbox.number}}")]
    [InlineData("inbox_complete", "DROP PROCEDURE {{inbox.complete}}")]
    public async Task A_routine_that_is_missing_although_it_was_applied_is_made_again(string name, string drop)
    {
        await using var schema = await MySqlSchema.CreateAsync(server);
        await schema.ExecuteAsync(drop);
        Assert.Equal([name], await schema.Migrator().MigrateAsync(Ct));
        Assert.Empty(await schema.Migrator().MigrateAsync(Ct));

        await schema.ExecuteAsync(drop);
        await schema.Migrator().EnsureCreatedAsync(Ct);
        Assert.Empty(await schema.Migrator().MigrateAsync(Ct));
    }

    [Fact]
    public async Task Rows_of_a_key_whose_numbers_are_missing_are_refused_until_a_migration_makes_them_again()
    {
        await using var schema = await MySqlSchema.CreateAsync(server);
        await schema.ExecuteAsync(KeyedRow, "e-1");
        await schema.ExecuteAsync("DELETE FROM {{outbox.keys}}");
        var refused = await Assert.ThrowsAsync<MySqlException>(() => schema.ExecuteAsync(KeyedRow, "e-2"));
        Assert.Equal("RB003", refused.SqlState);

        Assert.Empty(await schema.Migrator().MigrateAsync(Ct));

        await schema.ExecuteAsync(KeyedRow, "e-2");
        Assert.Equal("e-1, e-2", await ByNumberAsync(schema));
    }

    [Fact]
    public async Task Numbers_that_a_restore_has_set_back_put_no_row_before_an_earlier_one()
    {
        await using var schema = await MySqlSchema.CreateAsync(server);
        await schema.ExecuteAsync(KeyedRow, "e-1");
        await schema.ExecuteAsync(KeyedRow, "e-2");
        await schema.ExecuteAsync("UPDATE {{outbox.keys}} SET last_number = 0");
        await schema.ExecuteAsync(KeyedRow, "e-3");
        Assert.Equal("e-1, e-2, e-3", await ByNumberAsync(schema));
    }

    [Fact]
    public async Task A_migration_sets_numbers_above_those_of_rows_that_are_not_sent_yet()
    {
        await using var schema = await MySqlSchema.CreateAsync(server);
        await schema.ExecuteAsync(KeyedRow, "e-1");

        // As of a server whose clock was ahead.
        await schema.ExecuteAsync("UPDATE {{outbox}} SET key_number = key_number * 2");
        var log = new RecordingLogger<MySqlMigrator>();
        Assert.Empty(await schema.Migrator(logger: log).MigrateAsync(Ct));

        Assert.Contains(log.Lines, line => line.Contains("1 numbers of ordering keys", StringComparison.Ordinal));
        await schema.ExecuteAsync(KeyedRow, "e-2");
        Assert.Equal("e-1, e-2", await ByNumberAsync(schema));
    }

    [Fact]
    public async Task A_statement_that_fails_says_why_and_the_next_call_goes_on_there()
    {
        await using var schema = await MySqlSchema.CreateEmptyAsync(server);
        await using var user = await schema.CreateUserAsync(
            "CREATE, DROP, SELECT, INSERT, UPDATE, INDEX, ALTER ROUTINE, CREATE ROUTINE, LOCK TABLES ON {{schema}}.*");
        await using (var source = user.Connect())
        {
            var error = await Assert.ThrowsAsync<MigrationException>(() => new MySqlMigrator(source, schema.Options).MigrateAsync(Ct));
            Assert.Contains("outbox_number", error.Message, StringComparison.Ordinal);
            Assert.Contains("TRIGGER", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(["outbox_number"], await schema.Migrator().MigrateAsync(Ct));
    }

    [Theory]
    [InlineData("outbox", "CREATE TABLE {{schema}}.outbox (id INT PRIMARY KEY, event_id TEXT)", "payload")]
    [InlineData("inbox", "CREATE VIEW {{schema}}.inbox AS SELECT 1 AS event_id", "consumer")]
    [InlineData("jobs", "CREATE TABLE {{schema}}.jobs (job INT) ENGINE = MyISAM", "claim_token")]
    [InlineData("migrations", "CREATE TABLE {{schema}}.migrations (name VARCHAR(64) PRIMARY KEY)", "checksum")]
    public async Task A_table_of_somebody_else_that_has_our_name_is_an_error_and_stays_as_it_is(string table, string create, string missing)
    {
        await using var schema = await MySqlSchema.CreateEmptyAsync(server);
        await schema.ExecuteAsync(create);
        var foreign = await Assert.ThrowsAsync<MigrationException>(() => schema.Migrator().MigrateAsync(Ct));
        Assert.Contains($"has a table '{table}' that is not Relaybox's", foreign.Message, StringComparison.Ordinal);
        Assert.Contains(missing, foreign.Message, StringComparison.Ordinal);

        await schema.ExecuteAsync(table == "inbox" ? "DROP VIEW {{schema}}.inbox" : $"RENAME TABLE {{{{schema}}}}.{table} TO {{{{schema}}}}.theirs");
        Assert.NotEmpty(await schema.Migrator().MigrateAsync(Ct));
    }

    [Fact]
    public void The_columns_of_a_table_are_read_from_the_statement_that_creates_it()
    {
        var columns = MySqlOwnTable.Columns(MySqlSchemaFiles.All.Single(file => file.Name == "0001_outbox").Template).ToList();
        Assert.Equal(("event_id", "held_key", 29), (columns[0], columns[^1], columns.Count));
    }

    [Fact]
    public void No_signal_says_more_than_a_server_of_mysql_takes()
    {
        // MySQL takes 128 characters, MariaDB 512: https://dev.mysql.com/doc/refman/8.0/en/signal.html
        var texts = MySqlSchemaFiles.All.SelectMany(file => Regex.Matches(file.Template, "MESSAGE_TEXT\\s*=\\s*'([^']*)'")).ToList();
        Assert.Equal(2, texts.Count);
        Assert.All(texts, text => Assert.InRange(text.Groups[1].Length, 1, 128));
    }

    [Fact]
    public async Task Names_of_every_allowed_length_work()
    {
        var longest = new string('a', MySqlIdentifier.MaxLength - 1);
        await using var schema = await MySqlSchema.CreateAsync(
            server, new MySqlOptions { OutboxTable = longest + "O", InboxTable = longest + "i", JobsTable = longest + "j" });
        await schema.ExecuteAsync(KeyedRow, "e-1");
        Assert.Equal("e-1", await ByNumberAsync(schema));
    }

    [Fact]
    public void Two_tables_of_one_name_are_refused()
    {
        MySqlOptions[] all =
        [
            new() { InboxTable = "outbox" }, new() { JobsTable = "Inbox" },
            new() { InboxTable = "outbox_keys" }, new() { JobsTable = "migrations" },
        ];
        Assert.All(all, options => Assert.Throws<SettingsException>(() => new MySqlNames(options)));
    }

    [Fact]
    public void The_servers_own_schemas_are_refused()
    {
        Assert.Throws<SettingsException>(() => new MySqlOptions { Schema = "mysql" });
        Assert.Throws<SettingsException>(() => new MySqlOptions { Schema = "Information_Schema" });
    }

    // The rows that have a number, in its order.
    private static async Task<object?> ByNumberAsync(MySqlSchema schema) => await schema.ScalarAsync(
        "SELECT GROUP_CONCAT(CONVERT(event_id USING utf8mb4) ORDER BY key_number SEPARATOR ', ') FROM {{outbox}} WHERE key_number IS NOT NULL");
}
