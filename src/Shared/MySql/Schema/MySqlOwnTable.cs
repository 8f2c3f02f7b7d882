using System.Text.RegularExpressions;
using MySqlConnector;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>Tells a table of ours from another one of its name, which <c>CREATE TABLE IF NOT EXISTS</c> accepts without a word.</summary>
internal static partial class MySqlOwnTable
{
    /// <summary>Checks the table that a statement has created, or has found.</summary>
    /// <param name="sql">The statement, with the table's name quoted and a column in a line.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MigrationException">The table is another one.</exception>
    internal static async Task RequireAsync(string sql, MySqlConnection connection, CancellationToken cancellationToken)
    {
        if (Create().Match(sql) is not { Success: true } create)
        {
            return;
        }

        var (schema, table) = (create.Groups["schema"].Value, create.Groups["table"].Value);
        await using var command = new MySqlCommand(
            """
            SELECT c.column_name FROM information_schema.columns c
            JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
            WHERE c.table_schema = @schema AND c.table_name = @table AND t.engine = 'InnoDB'
            """,
            connection);
        command.Parameters.AddWithValue("@schema", schema);
        command.Parameters.AddWithValue("@table", table);
        var columns = await command.ReadCommittedAsync(row => row.GetString(0), cancellationToken);
        string[] missing = [.. Columns(sql).Except(columns, StringComparer.OrdinalIgnoreCase)];
        if (missing.Length > 0)
        {
            throw new MigrationException(
                $"The schema '{schema}' has a table '{table}' that is not Relaybox's: it is no InnoDB table with the columns "
                + $"{string.Join(", ", missing)}. Rename it, or choose another schema (DATABASE_SCHEMA) or another name for ours.");
        }
    }

    /// <summary>The columns of a statement that creates a table.</summary>
    internal static IEnumerable<string> Columns(string sql) => Column().Matches(sql).Select(match => match.Groups["name"].Value);

    [GeneratedRegex("^CREATE TABLE IF NOT EXISTS `(?<schema>[^`]+)`\\.`(?<table>[^`]+)`", RegexOptions.Multiline)]
    private static partial Regex Create();

    [GeneratedRegex("^ {4}(?<name>[a-z_]+) +[A-Z]", RegexOptions.Multiline)]
    private static partial Regex Column();
}
