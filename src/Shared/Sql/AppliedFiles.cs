using System.Data.Common;

namespace Relaybox.Sql;

/// <summary>Which files of a schema a database has, as its table of migrations says.</summary>
internal sealed class AppliedFiles
{
    private readonly string _schema;
    private readonly Dictionary<string, string> _checksums;

    private AppliedFiles(string schema, Dictionary<string, string> checksums) => (_schema, _checksums) = (schema, checksums);

    /// <summary>Reads the table.</summary>
    /// <param name="command">Asks for each file's name, the checksum of its text, and the names of the tables that it was applied for.</param>
    /// <param name="schema">The schema.</param>
    /// <param name="tables">The tables' names, by the configuration.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MigrationException">The schema holds tables of other names.</exception>
    internal static async Task<AppliedFiles> ReadAsync(DbCommand command, string schema, string tables, CancellationToken cancellationToken)
    {
        var rows = await command.ReadCommittedAsync(
            row => (Name: row.GetString(0), Checksum: row.GetString(1), Tables: row.GetString(2)), cancellationToken);
        return rows.Find(row => row.Tables != tables).Tables is { } others
            ? throw new MigrationException(
                $"The schema '{schema}' holds the tables {others}; the configuration names {tables}. Use those names, or another schema.")
            : new AppliedFiles(schema, rows.ToDictionary(row => row.Name, row => row.Checksum, StringComparer.Ordinal));
    }

    /// <summary>Forgets a file, because what it has made is gone.</summary>
    internal void Forget(SchemaFile file) => _checksums.Remove(file.Name);

    /// <summary>The files that are to be applied.</summary>
    /// <exception cref="MigrationException">One was applied with another text, and must not be applied again.</exception>
    internal IEnumerable<SchemaFile> MissingOf(IEnumerable<SchemaFile> files) => files.Where(file =>
    {
        var checksum = _checksums.GetValueOrDefault(file.Name);
        return checksum is null || file.IsRepeatable || checksum == file.Checksum
            ? checksum != file.Checksum
            : throw new MigrationException(
                $"Migration {file.Name} was applied to the schema '{_schema}' with another text than this build has. "
                + "A migration that was released never changes: deploy the build that it came from, or restore its file.");
    });
}
