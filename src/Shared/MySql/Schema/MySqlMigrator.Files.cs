using System.Text.RegularExpressions;
using MySqlConnector;
using Relaybox.Sql;

namespace Relaybox.MySql;

// The files of the schema: which of them were applied, and applying one.
public sealed partial class MySqlMigrator
{
    /// <summary>Reads which files were applied, as it was recorded.</summary>
    /// <exception cref="MigrationException">They were applied for tables of other names.</exception>
    internal async Task<AppliedFiles> ReadRecordedAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            $"SELECT name, checksum, tables FROM {_names.Migrations} WHERE name <> '{MySqlMigrationLock.RowName}'", connection);
        return await AppliedFiles.ReadAsync(command, _options.Schema, _names.Tables, cancellationToken);
    }

    /// <summary>The procedures and triggers of this build that the user does not see: a trigger shows itself to users with TRIGGER alone.</summary>
    internal async Task<IReadOnlyList<(SchemaFile File, string Kind, string Name)>> FindUnseenRoutinesAsync(
        MySqlConnection connection, CancellationToken cancellationToken)
    {
        var seen = await ReadRoutinesAsync(connection, cancellationToken);
        return
        [
            .. MySqlSchemaFiles.All.Select(file => (File: file, Match: Routine().Match(file.Render(_names.Fill))))
                .Where(file => file.Match.Success && !seen.Contains(file.Match.Groups["name"].Value))
                .Select(file => (file.File, file.Match.Groups["kind"].Value, file.Match.Groups["name"].Value)),
        ];
    }

    // A call that ended while it replaced a routine may have dropped the one that is recorded.
    private async Task<AppliedFiles> ReadAppliedAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        var known = await ReadRecordedAsync(connection, cancellationToken);
        foreach (var (file, _, _) in await FindUnseenRoutinesAsync(connection, cancellationToken))
        {
            known.Forget(file);
        }

        return known;
    }

    private async Task<HashSet<string>> ReadRoutinesAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            """
            SELECT routine_name FROM information_schema.routines WHERE routine_schema = @schema
            UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = @schema
            """,
            connection);
        command.Parameters.AddWithValue("@schema", _options.Schema);
        var names = await command.ReadCommittedAsync(row => _names.Qualify(row.GetString(0)), cancellationToken);
        return new HashSet<string>(names, StringComparer.OrdinalIgnoreCase);
    }

    private async Task ApplyAsync(SchemaFile file, MySqlConnection connection, CancellationToken cancellationToken)
    {
        var sql = file.Render(_names.Fill);
        if (Routine().Match(sql) is { Success: true } routine)
        {
            await CreateAnewAsync(routine.Groups["kind"].Value, routine.Groups["name"].Value, sql, connection, cancellationToken);
        }
        else
        {
            await ExecuteAsync(sql, connection, cancellationToken);
            await MySqlOwnTable.RequireAsync(sql, connection, cancellationToken);
        }

        await using var record = new MySqlCommand(
            $"""
            INSERT INTO {_names.Migrations} (name, checksum, tables) VALUES (@name, @checksum, @tables)
            ON DUPLICATE KEY UPDATE checksum = @checksum, applied_at = UTC_TIMESTAMP(6)
            """,
            connection)
        {
            CommandTimeout = Unlimited,
        };
        record.Parameters.AddWithValue("@name", file.Name);
        record.Parameters.AddWithValue("@checksum", file.Checksum);
        record.Parameters.AddWithValue("@tables", _names.Tables);
        await record.ExecuteNonQueryAsync(cancellationToken);
    }

    // No row may be written while its trigger is missing.
    private async Task CreateAnewAsync(string kind, string name, string sql, MySqlConnection connection, CancellationToken cancellationToken)
    {
        var isTrigger = kind == "TRIGGER";
        if (isTrigger)
        {
            await ExecuteAsync($"LOCK TABLES {_names.Outbox} WRITE", connection, cancellationToken);
        }

        try
        {
            await ExecuteAsync($"DROP {kind} IF EXISTS {name}", connection, cancellationToken);
            await ExecuteAsync(sql, connection, cancellationToken);
        }
        finally
        {
            if (isTrigger)
            {
                await ExecuteAsync("UNLOCK TABLES", connection, CancellationToken.None);
            }
        }
    }

    [GeneratedRegex("^CREATE (?<kind>PROCEDURE|TRIGGER) (?<name>`[^`]+`\\.`[^`]+`)", RegexOptions.Multiline)]
    private static partial Regex Routine();
}
