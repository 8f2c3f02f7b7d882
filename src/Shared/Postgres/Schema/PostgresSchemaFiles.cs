using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>The SQL files of the schema; see README.md beside this file.</summary>
internal static class PostgresSchemaFiles
{
    /// <summary>Every file of this build in the order in which they are applied: functions first, because triggers name them.</summary>
    internal static IReadOnlyList<SchemaFile> All { get; } = [.. Read("Functions", isRepeatable: true), .. Read("Migrations", isRepeatable: false)];

    /// <summary>What the roles of least privilege are granted.</summary>
    internal static string Roles() => SchemaFile.Read(typeof(PostgresSchemaFiles).Assembly, "Relaybox.Postgres.Roles.roles.sql");

    private static IEnumerable<SchemaFile> Read(string folder, bool isRepeatable) =>
        SchemaFile.ReadAll(typeof(PostgresSchemaFiles).Assembly, $"Relaybox.Postgres.{folder}", isRepeatable);
}
