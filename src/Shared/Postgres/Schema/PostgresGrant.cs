using System.Text.RegularExpressions;

namespace Relaybox.Postgres;

/// <summary>A right that Roles/roles.sql grants to a role.</summary>
/// <param name="Role">The role, quoted.</param>
/// <param name="Kind">Of what: <c>TABLE</c>, <c>SCHEMA</c>, <c>SEQUENCE</c> or <c>FUNCTION</c>.</param>
/// <param name="Target">On what, quoted and with its schema.</param>
/// <param name="Right">Such as <c>SELECT</c>.</param>
/// <param name="Column">Of which column alone, quoted or not; null: of all.</param>
internal sealed partial record PostgresGrant(string Role, string Kind, string Target, string Right, string? Column)
{
    /// <summary>The kind of a right on a schema.</summary>
    internal const string Schema = "SCHEMA";

    /// <summary>The condition that the current user has the right; null where the target is not there.</summary>
    internal string Condition => (Kind, Column) switch
    {
        (Schema, _) => $"has_schema_privilege(to_regnamespace('{Target}')::oid, '{Right}')",
        ("SEQUENCE", _) => $"has_sequence_privilege(to_regclass('{Target}')::oid, '{Right}')",
        ("FUNCTION", _) => $"has_function_privilege(to_regproc('{Target}')::oid, '{Right}')",
        (_, { } column) => $"has_column_privilege(to_regclass('{Target}')::oid, '{column}', '{Right}')",
        _ => $"has_table_privilege(to_regclass('{Target}')::oid, '{Right}')",
    };

    /// <inheritdoc />
    public override string ToString() => $"{Right}{(Column is null ? "" : $" ({Column})")} on {Target}";

    /// <summary>Reads the grants of a text with many statements; what stands in a block is left out.</summary>
    internal static IEnumerable<PostgresGrant> ReadAll(string sql) =>
        from Match statement in Statement().Matches(sql)
        from Match right in RightPattern().Matches(statement.Groups["rights"].Value)
        from target in List(statement.Groups["targets"].Value)
        from column in right.Groups["columns"].Success ? List(right.Groups["columns"].Value) : [null]
        select new PostgresGrant(
            statement.Groups["role"].Value,
            statement.Groups["kind"].Success ? statement.Groups["kind"].Value : "TABLE",
            target!,
            right.Groups["name"].Value,
            column);

    private static IEnumerable<string?> List(string text) => text.Split(',', StringSplitOptions.TrimEntries);

    [GeneratedRegex(
        @"^GRANT\s+(?<rights>[^;]+?)\s+ON\s+((?<kind>SCHEMA|SEQUENCE|FUNCTION)\s+)?(?<targets>[^;]+?)\s+TO\s+(?<role>""[^""]+"");",
        RegexOptions.Multiline)]
    private static partial Regex Statement();

    [GeneratedRegex(@"(?<name>[A-Z]+)\s*(\((?<columns>[^)]*)\))?")]
    private static partial Regex RightPattern();
}
