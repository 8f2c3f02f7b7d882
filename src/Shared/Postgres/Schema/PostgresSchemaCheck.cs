using System.Data.Common;
using System.Text.RegularExpressions;
using Npgsql;
using Relaybox.Operations;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>Compares the schema with the texts of this build.</summary>
internal sealed partial class PostgresSchemaCheck(PostgresConnections connections, PostgresMigrator migrator, PostgresOptions options)
    : SqlSchemaCheck(connections, options.Schema, PostgresSchemaFiles.All)
{
    private const int OldestServer = 150_000;

    private readonly PostgresNames _names = new(options);

    /// <inheritdoc />
    protected override Task<bool> HasMigrationsAsync(DbConnection connection, CancellationToken cancellationToken) =>
        migrator.HasMigrationsAsync((NpgsqlConnection)connection, cancellationToken);

    /// <inheritdoc />
    protected override Task<AppliedFiles> ReadAppliedAsync(DbConnection connection, CancellationToken cancellationToken) =>
        migrator.ReadAppliedAsync((NpgsqlConnection)connection, cancellationToken);

    /// <inheritdoc />
    protected override async Task<IReadOnlyList<Finding>> JudgeServerAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
                pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean, current_setting('autovacuum')::boolean,
                concat_ws(' and ', CASE WHEN NOT current_setting('fsync')::boolean THEN 'fsync' END,
                    CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'synchronous_commit' END)
            """;
        var (number, version, isReadOnly, vacuums, off) = (await command.ReadCommittedAsync(
            row => (row.GetInt32(0), row.GetString(1), row.GetBoolean(2), row.GetBoolean(3), row.GetString(4)), cancellationToken))[0];
        var found = new List<Finding>();
        if (number < OldestServer)
        {
            found.Add(Finding.Problem(
                "schema.old-server", $"The server is PostgreSQL {version}. The store needs 15 or newer.", "Upgrade the server, or name another."));
        }

        if (isReadOnly)
        {
            found.Add(Finding.Problem(
                "schema.read-only",
                "The server takes no writes: it is a standby, or its transactions are read-only (default_transaction_read_only).",
                "Name the primary in DATABASE_HOST, or all hosts with commas between them."));
        }

        if (off.Length > 0)
        {
            found.Add(NotDurable(
                $"off: {off}",
                "ALTER SYSTEM SET fsync = on; ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();"));
        }

        if (!vacuums)
        {
            found.Add(Finding.Warning(
                "schema.no-vacuum",
                "The server does not vacuum (autovacuum is off): each claim reads the dead entries of all rows that were sent.",
                "As an administrator: ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf(); on RDS in the parameter group."));
        }

        return found;
    }

    /// <inheritdoc />
    protected override async Task<IReadOnlyList<Finding>> JudgeObjectsAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var there = await ReadObjectsAsync(connection, cancellationToken);
        var found = new List<Finding>();
        foreach (var file in PostgresSchemaFiles.All)
        {
            var sql = file.Render(_names.Fill);
            found.AddRange(Named(Index(), sql).Where(index => !there.Contains($"index {index.Name}"))
                .Select(index => MissingIndex(index.Name, index.Statement)));
            found.AddRange(Named(Constraint(), sql).Where(constraint => !there.Contains($"index {constraint.Name}"))
                .Select(constraint => MissingIndex(constraint.Name, $"ALTER TABLE {constraint.Table} ADD {constraint.Statement};")));
            found.AddRange(Named(Trigger(), sql).Where(trigger => !there.Contains($"trigger {trigger.Name}"))
                .Select(trigger => MissingTrigger(
                    trigger.Name,
                    there.Contains($"disabled {trigger.Name}")
                        ? $"ALTER TABLE {_names.Outbox} ENABLE TRIGGER \"{trigger.Name}\";"
                        : trigger.Statement)));
            found.AddRange(Named(Function(), sql).Where(function => !there.Contains($"function {function.Name}"))
                .Select(function => Finding.Problem(
                    "schema.function-missing",
                    $"The function {function.Name} is missing.",
                    $"As the schema's owner: DELETE FROM {_names.Migrations} WHERE name = '{file.Name}'; then invoke Setup, which makes it anew.")));
        }

        await using var behind = connection.CreateCommand();
        behind.CommandText = $"SELECT 1 {_names.SequenceIsBehind}";
        if ((await behind.ReadCommittedAsync(_ => true, cancellationToken)).Count > 0)
        {
            found.Add(Behind($"The sequence of row numbers, {_names.RowIds}, is"));
        }

        return found;
    }

    private async Task<HashSet<string>> ReadObjectsAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT 'index ' || c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
                WHERE c.relnamespace = to_regnamespace('{_names.Schema}') AND i.indisvalid
            UNION ALL SELECT CASE WHEN t.tgenabled IN ('O', 'A') THEN 'trigger ' ELSE 'disabled ' END || t.tgname
                FROM pg_trigger t WHERE t.tgrelid = to_regclass('{_names.Outbox}')
            UNION ALL SELECT 'function ' || p.proname FROM pg_proc p WHERE p.pronamespace = to_regnamespace('{_names.Schema}')
            """;
        return [.. await command.ReadCommittedAsync(row => row.GetString(0), cancellationToken)];
    }

    private static IEnumerable<(string Name, string Table, string Statement)> Named(Regex pattern, string sql) =>
        pattern.Matches(sql).Select(match => (
            match.Groups["name"].Value,
            Table().Match(sql, match.Index) is { Success: true } table ? table.Groups["name"].Value : "",
            Blanks().Replace(match.Groups["statement"].Value, " ")));

    [GeneratedRegex(@"^(?<statement>CREATE INDEX ""(?<name>[^""]+)""[^;]*;)", RegexOptions.Multiline)]
    private static partial Regex Index();

    [GeneratedRegex(@"(?<statement>CONSTRAINT ""(?<name>[^""]+)"" (PRIMARY KEY|UNIQUE) \([^)]*\))")]
    private static partial Regex Constraint();

    [GeneratedRegex(@"^(?<statement>CREATE TRIGGER ""(?<name>[^""]+)""[^;]*;)", RegexOptions.Multiline)]
    private static partial Regex Trigger();

    [GeneratedRegex(@"CREATE (OR REPLACE )?FUNCTION [^(]*""(?<name>[^""]+)""(?<statement>)\s*\(")]
    private static partial Regex Function();

    // Of a constraint, the table before it.
    [GeneratedRegex("CREATE TABLE (?<name>[^ ]+) ", RegexOptions.RightToLeft)]
    private static partial Regex Table();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
