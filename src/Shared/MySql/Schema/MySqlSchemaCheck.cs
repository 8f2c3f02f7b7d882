using System.Data.Common;
using System.Text.RegularExpressions;
using MySqlConnector;
using Relaybox.Operations;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>Compares the schema with the texts of this build.</summary>
internal sealed partial class MySqlSchemaCheck(MySqlConnections connections, MySqlMigrator migrator, MySqlOptions options)
    : SqlSchemaCheck(connections, options.Schema, MySqlSchemaFiles.All)
{
    private const int Buckets = 1_024;
    private const string Trigger = "TRIGGER";

    private readonly MySqlNames _names = new(options);

    /// <inheritdoc />
    /// <remarks>The server shows a table only to users who have a right on it.</remarks>
    protected override async Task<bool> HasMigrationsAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = @schema AND table_name IN (@migrations, @outbox)",
            (MySqlConnection)connection);
        command.Parameters.AddWithValue("@schema", options.Schema);
        command.Parameters.AddWithValue("@migrations", MySqlNames.MigrationsTable);
        command.Parameters.AddWithValue("@outbox", options.OutboxTable);
        return (await command.ReadCommittedAsync(_ => true, cancellationToken)).Count > 0;
    }

    /// <inheritdoc />
    protected override Task<AppliedFiles> ReadAppliedAsync(DbConnection connection, CancellationToken cancellationToken) =>
        migrator.ReadRecordedAsync((MySqlConnection)connection, cancellationToken);

    /// <inheritdoc />
    protected override async Task<IReadOnlyList<Finding>> JudgeServerAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT @@innodb_flush_log_at_trx_commit = 1";
        return (await command.ReadCommittedAsync(row => row.GetInt64(0) == 1, cancellationToken))[0]
            ? []
            : [NotDurable("innodb_flush_log_at_trx_commit is not 1", "SET PERSIST innodb_flush_log_at_trx_commit = 1; (MariaDB: SET GLOBAL)")];
    }

    /// <inheritdoc />
    protected override async Task<IReadOnlyList<Finding>> JudgeObjectsAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        var indexes = await ReadIndexesAsync(connection, cancellationToken);
        foreach (var table in MySqlSchemaFiles.All.Select(file => Table().Match(file.Render(_names.Fill))).Where(match => match.Success))
        {
            found.AddRange(Key().Matches(table.Value)
                .Where(key => !indexes.Contains($"{table.Groups["name"].Value}.{key.Groups["name"].Value.Trim('`')}"))
                .Select(key => MissingIndex(
                    $"{key.Groups["name"].Value} of {table.Groups["table"].Value}",
                    $"ALTER TABLE {table.Groups["table"].Value} ADD {key.Groups["key"].Value};")));
        }

        found.AddRange(await JudgeRoutinesAsync((MySqlConnection)connection, cancellationToken));
        await using var behind = connection.CreateCommand();
        behind.CommandText =
            $"""
            SELECT EXISTS (SELECT 1 FROM {_names.KeysAndHighest} WHERE k.last_number < held.highest)
                OR (SELECT COUNT(*) FROM {_names.Keys}) < {Buckets}
            """;
        if ((await behind.ReadCommittedAsync(row => row.GetInt64(0) != 0, cancellationToken))[0])
        {
            found.Add(Behind($"The numbers of ordering keys, in {_names.Keys}, are missing or"));
        }

        return found;
    }

    private async Task<IEnumerable<Finding>> JudgeRoutinesAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        var unseen = await migrator.FindUnseenRoutinesAsync(connection, cancellationToken);
        var isTriggerMissing = unseen.Any(routine => routine.Kind == Trigger)
            && (await SeesTriggersAsync(connection, cancellationToken) || await AreRowsUncountedAsync(connection, cancellationToken));
        return unseen.Where(routine => routine.Kind != Trigger).Select(routine => Finding.Problem(
                "schema.routine-missing", $"The procedure {routine.Name} is missing, or the user may not execute it.", $"{Setup} It makes it anew."))
            .Concat(unseen.Where(routine => isTriggerMissing && routine.Kind == Trigger).Select(routine => Finding.Problem(
                "schema.trigger-missing",
                $"The trigger {routine.Name} is missing: rows get no number, and those of a key have no order.",
                $"{Setup} It makes it anew.")));
    }

    private static async Task<bool> SeesTriggersAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand("SHOW GRANTS", connection);
        return (await command.ReadCommittedAsync(row => row.GetString(0), cancellationToken)).Exists(
            grant => grant.StartsWith("GRANT ALL PRIVILEGES ON *.*", StringComparison.Ordinal)
                || (grant.Contains("TRIGGER", StringComparison.Ordinal) && grant.Contains(" ON *.* ", StringComparison.Ordinal)));
    }

    // The trigger counts the bytes of each row.
    private async Task<bool> AreRowsUncountedAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            $"SELECT 1 FROM (SELECT octets FROM {_names.Outbox} ORDER BY row_id DESC LIMIT 50) newest WHERE newest.octets IS NULL LIMIT 1",
            connection);
        return (await command.ReadCommittedAsync(_ => true, cancellationToken)).Count > 0;
    }

    private async Task<HashSet<string>> ReadIndexesAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(
            "SELECT CONCAT(table_name, '.', index_name) FROM information_schema.statistics WHERE table_schema = @schema",
            (MySqlConnection)connection);
        command.Parameters.AddWithValue("@schema", options.Schema);
        return new HashSet<string>(
            await command.ReadCommittedAsync(row => row.GetString(0), cancellationToken), StringComparer.OrdinalIgnoreCase);
    }

    [GeneratedRegex(@"CREATE TABLE IF NOT EXISTS (?<table>`[^`]+`\.`(?<name>[^`]+)`) \(.*", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex(@"^\s+(?<key>(UNIQUE )?KEY (?<name>`?\w+`?) \([^)]*\))", RegexOptions.Multiline)]
    private static partial Regex Key();
}
