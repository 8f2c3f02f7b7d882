using System.Globalization;
using System.Text.RegularExpressions;

namespace Relaybox.MySql;

/// <summary>Which server it is, as it says when a client connects.</summary>
/// <param name="IsMariaDb">Whether it is MariaDB; otherwise it is MySQL, or something that says it is.</param>
/// <param name="Version">Its version. Where it has no third number, as Aurora's, that one is taken to be new enough.</param>
internal sealed partial record MySqlServerVersion(bool IsMariaDb, Version Version)
{
    private static readonly Version OldestMySql = new(8, 0, 13);
    private static readonly Version OldestMariaDb = new(10, 6, 0);

    /// <param name="text">Such as <c>8.0.36</c>, <c>10.11.6-MariaDB-log</c>, or <c>8.0.mysql_aurora.3.05.2</c>.</param>
    /// <returns>Null where the text gives no number.</returns>
    internal static MySqlServerVersion? Read(string text)
    {
        if (Pattern().Match(text) is not { Success: true } match)
        {
            return null;
        }

        var patch = match.Groups["patch"] is { Success: true } third ? Number(third) : int.MaxValue;
        return new MySqlServerVersion(
            text.Contains("MariaDB", StringComparison.OrdinalIgnoreCase),
            new Version(Number(match.Groups["major"]), Number(match.Groups["minor"]), patch));
    }

    /// <exception cref="MySqlVersionException">The server is too old.</exception>
    internal static void Require(string text)
    {
        // A server that gives no number is let in: its statements tell.
        if (Read(text) is { } server && server.Version < (server.IsMariaDb ? OldestMariaDb : OldestMySql))
        {
            throw new MySqlVersionException(
                $"The server is {(server.IsMariaDb ? "MariaDB" : "MySQL")} {server.Version}. The store needs MySQL {OldestMySql} or MariaDB "
                + $"{OldestMariaDb.ToString(2)}, or newer: upgrade the server, or name another.");
        }
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    // Old clients expect a 5 in front; MariaDB puts one there.
    [GeneratedRegex(@"^(5\.5\.5-(?=\d+\.\d+\.\d+-MariaDB))?(?<major>\d{1,4})\.(?<minor>\d{1,4})(\.(?<patch>\d{1,4}))?")]
    private static partial Regex Pattern();
}
