using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>The SQL files of the schema, one statement each; see README.md beside this file.</summary>
internal static class MySqlSchemaFiles
{
    /// <summary>Every file of this build in the order in which they are applied: tables first, because routines name them.</summary>
    internal static IReadOnlyList<SchemaFile> All { get; } = [.. Read("Tables", isRepeatable: false), .. Read("Routines", isRepeatable: true)];

    /// <summary>The grants of the roles.</summary>
    internal static string Roles() => SchemaFile.Read(typeof(MySqlSchemaFiles).Assembly, "Relaybox.MySql.Roles.roles.sql");

    /// <summary>Adds what is missing of the buckets of ordering keys.</summary>
    internal static SchemaFile Buckets { get; } = All.Single(file => file.Name == "0003_outbox_buckets");

    private static IEnumerable<SchemaFile> Read(string folder, bool isRepeatable) =>
        SchemaFile.ReadAll(typeof(MySqlSchemaFiles).Assembly, $"Relaybox.MySql.{folder}", isRepeatable);
}
