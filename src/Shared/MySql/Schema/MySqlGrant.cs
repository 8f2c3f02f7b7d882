using System.Text.RegularExpressions;

namespace Relaybox.MySql;

/// <summary>What a GRANT gives: of a file of ours, or of the server's SHOW GRANTS.</summary>
/// <param name="Target">On what, such as <c>`relaybox`.`outbox`</c> or <c>PROCEDURE `relaybox`.`outbox_is_same`</c>.</param>
/// <param name="Grantee">To which role, without a host.</param>
/// <param name="Rights">Each right, with its column where it is of one: <c>SELECT</c>, <c>UPDATE (`status`)</c>.</param>
internal sealed partial record MySqlGrant(string Target, string Grantee, IReadOnlySet<string> Rights)
{
    /// <summary>Reads the grants of a text with many statements.</summary>
    internal static IEnumerable<MySqlGrant> ReadAll(string sql) => Statement().Matches(sql).Select(Of);

    /// <summary>Reads a statement; null where it grants no rights on an object, but a role.</summary>
    internal static MySqlGrant? Read(string statement) => Statement().Match(statement) is { Success: true } match ? Of(match) : null;

    /// <summary>The statement that takes a right of these back.</summary>
    internal string Revoke(string right) => $"REVOKE {right} ON {Target} FROM {Grantee}";

    private static MySqlGrant Of(Match match)
    {
        var rights = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match right in Right().Matches(match.Groups["rights"].Value))
        {
            var name = right.Groups["name"].Value.Trim();
            if (!right.Groups["columns"].Success)
            {
                rights.Add(name);
                continue;
            }

            foreach (var column in right.Groups["columns"].Value.Split(','))
            {
                rights.Add($"{name} ({MySqlIdentifier.Quote(column.Trim().Trim('`'))})");
            }
        }

        // Anybody has that.
        rights.Remove("USAGE");
        if (match.Groups["option"].Success)
        {
            rights.Add("GRANT OPTION");
        }

        return new MySqlGrant(match.Groups["target"].Value, match.Groups["grantee"].Value, rights);
    }

    [GeneratedRegex(
        @"^GRANT (?<rights>[^;]+?)\s+ON\s+(?<target>(PROCEDURE |FUNCTION )?[^\s;]+)\s+TO\s+"
        + @"(?<grantee>`[^`]+`)[^;\n]*?(?<option> WITH GRANT OPTION)?;?\s*?$",
        RegexOptions.Multiline)]
    private static partial Regex Statement();

    [GeneratedRegex(@"(?<name>[A-Za-z][A-Za-z_ ]*)(\((?<columns>[^)]*)\))?")]
    private static partial Regex Right();
}
