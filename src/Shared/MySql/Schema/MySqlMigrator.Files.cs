using System.Text.RegularExpressions;
using MySqlConnector;
using Relaybox.Sql;

namespace Relaybox.MySql;

// The files of the schema: which of them were applied, and applying one.
public sealed partial class MySqlMigrator
{
    private async Task<AppliedFiles> ReadAppliedAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            $"SELECT name, checksum, tables FROM {_names.Migrations} WHERE name <> '{MySqlMigrationLock.RowName}'", connection);
        var known = await AppliedFiles.ReadAsync(command, _options.Schema, _names.Tables, cancellationToken);
        var routines = await ReadRoutinesAsync(connection, cancellationToken);
        foreach (var file in MySqlSchemaFiles.All)
        {
            if (Routine().Match(file.Render(_names.Fill)) is { Success: true } routine && !routines.Contains(routine.Groups["name"].Value))
            {
                known.Forget(file);
            }
        }

        return known;
    }

    // A call that ended while it replaced a routine may have dropped the one that is recorded.
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
