using System.Data.Common;
using Relaybox.Sql;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>The migrator makes the schema once, also where several callers run it.</summary>
public abstract class SqlMigratorConformance
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The files that are applied first and last.</summary>
    protected abstract (string First, string Last) Ends { get; }

    private protected abstract Task<SqlSchema> CreateEmptyAsync();

    /// <summary>Begins what another migration holds while it is under way.</summary>
    private protected abstract Task<DbTransaction> HoldAsync(SqlSchema schema);

    /// <summary>
    /// Migrates where other commands take a second at most, and where it is said every few seconds that another migration is waited for.
    /// </summary>
    /// <returns>The migration, and what its log has said by now.</returns>
    private protected abstract (Task<IReadOnlyList<string>> Migration, Func<IReadOnlyCollection<string>> Lines) MigrateImpatiently(SqlSchema schema);

    [Fact]
    public async Task Files_are_applied_once_and_in_order()
    {
        await using var schema = await CreateEmptyAsync();

        var applied = await schema.MigrateAsync();

        Assert.Equal(Ends, (applied[0], applied[^1]));
        Assert.Equal(schema.Files, applied);
        Assert.Empty(await schema.MigrateAsync());
        await schema.EnsureCreatedAsync();
        Assert.Equal((long)applied.Count, await schema.ScalarAsync("SELECT count(*) FROM {{schema}}.migrations WHERE name <> 'lock'"));
    }

    [Fact]
    public async Task Of_many_that_migrate_at_once_one_applies_each_file()
    {
        await using var schema = await CreateEmptyAsync();
        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(schema.MigrateAsync, Ct)));
        Assert.Equal(schema.Files, applied.SelectMany(names => names));
    }

    [Fact]
    public async Task A_second_migration_waits_for_a_slow_first_one_beyond_every_commands_timeout_and_says_so()
    {
        await using var schema = await CreateEmptyAsync();
        await schema.MigrateAsync();
        await schema.ExecuteAsync("DELETE FROM {{schema}}.migrations WHERE name = 'inbox_complete'");
        await using var first = await HoldAsync(schema);
        await using var slow = first.Connection!;
        var (second, lines) = MigrateImpatiently(schema);
        await Eventually.TrueAsync(
            () => second.IsCompleted || lines().Count(line => line.Contains("Another process migrates", StringComparison.Ordinal)) >= 2,
            "two lines that say that it waits",
            TimeSpan.FromMinutes(1));
        Assert.False(second.IsCompleted, second.Exception?.Message);

        await first.RollbackAsync(Ct);
        Assert.Equal(["inbox_complete"], await second);
    }

    [Fact]
    public async Task A_file_that_was_changed_after_it_was_applied_is_an_error_that_names_it()
    {
        await using var schema = await CreateEmptyAsync();
        await schema.MigrateAsync();
        var file = schema.Files.First(name => name.StartsWith("0001_", StringComparison.Ordinal));
        await schema.ExecuteAsync($"UPDATE {{{{schema}}}}.migrations SET checksum = 'other' WHERE name = '{file}'");
        var error = await Assert.ThrowsAsync<MigrationException>(schema.MigrateAsync);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_that_holds_tables_of_other_names_is_an_error_that_names_them()
    {
        await using var schema = await CreateEmptyAsync();
        await schema.MigrateAsync();
        var error = await Assert.ThrowsAsync<MigrationException>(() => schema.EnsureCreatedAsync("events"));
        Assert.Contains("outbox, inbox, jobs", error.Message, StringComparison.Ordinal);
        Assert.Contains("events, inbox, jobs", error.Message, StringComparison.Ordinal);
    }
}
