using System.Globalization;

namespace Relaybox.Connections;

/// <summary>
/// A URL of a database: <c>scheme://user:password@host1:port1,host2:port2/database?option=value</c>. It is read strictly: a character that needs an
/// escape and has none is refused, because a part of the password could otherwise be read as a host, which errors name.
/// </summary>
/// <param name="User">The user, or null.</param>
/// <param name="Password">The password, or null.</param>
/// <param name="Hosts">The hosts as they are written.</param>
/// <param name="Database">The database, or null.</param>
/// <param name="Options">The options behind the question mark, unescaped, in their order.</param>
internal sealed record DatabaseUrl(string? User, string? Password, string Hosts, string? Database, IReadOnlyList<DatabaseUrl.Option> Options)
{
    /// <param name="url">The URL, with its scheme.</param>
    /// <param name="form">What its form is, for the error.</param>
    /// <exception cref="FormatException">The URL cannot be read. The text quotes nothing of it.</exception>
    internal static DatabaseUrl Read(string url, string form)
    {
        var rest = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var end = rest.IndexOfAny(['/', '?', '#']) is >= 0 and var at ? at : rest.Length;
        var question = rest.IndexOf('?', end) is >= 0 and var mark ? mark : rest.Length;
        var authority = rest[..end];

        // Behind the hosts an '@' is the rest of a password that is not escaped, and so is a second one before them.
        if (rest.Contains('#', StringComparison.Ordinal) || rest.AsSpan(end).Contains('@') || authority.AsSpan().Count('@') > 1)
        {
            throw new FormatException(form);
        }

        var user = authority.LastIndexOf('@') is >= 0 and var sign ? authority[..sign].Split(':', 2) : [];
        return new DatabaseUrl(
            user.Length > 0 ? Unescape(user[0], form) : null,
            user.Length > 1 ? Unescape(user[1], form) : null,
            authority[(authority.LastIndexOf('@') + 1)..],
            DatabaseOf(rest[end..question], form),
            [.. OptionsOf(rest[Math.Min(question + 1, rest.Length)..], form)]);
    }

    /// <exception cref="FormatException">A '%' is not the beginning of an escape.</exception>
    internal static string Unescape(string text, string form)
    {
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                throw new FormatException(form);
            }
        }

        return Uri.UnescapeDataString(text);
    }

    /// <summary>Never what is secret.</summary>
    public override string ToString() => nameof(DatabaseUrl);

    private static IEnumerable<Option> OptionsOf(string query, string form)
    {
        foreach (var (i, pair) in query.Split('&', StringSplitOptions.RemoveEmptyEntries).Index())
        {
            yield return pair.Split('=', 2) is [var name, var value]
                ? new Option(
                    Unescape(name, form),
                    Unescape(value, form),
                    $"its option {(i + 1).ToString(CultureInfo.InvariantCulture)} after the '?'")
                : throw new FormatException(form);
        }
    }

    private static string? DatabaseOf(string path, string form)
    {
        var name = path.TrimStart('/');
        return name.Contains('/', StringComparison.Ordinal) ? throw new FormatException(form)
            : name.Length > 0 ? Unescape(name, form)
            : null;
    }

    /// <param name="Name">Its name.</param>
    /// <param name="Value">Its value.</param>
    /// <param name="Where">Which one it is, for an error: the name could be a part of a password.</param>
    internal sealed record Option(string Name, string Value, string Where);
}
