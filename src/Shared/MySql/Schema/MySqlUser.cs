namespace Relaybox.MySql;

/// <summary>A user of the server: a name, and from where.</summary>
/// <param name="Name">The name.</param>
/// <param name="Host">The host; <c>%</c> is every one.</param>
internal sealed record MySqlUser(string Name, string Host)
{
    /// <summary>The form of a user in a setting.</summary>
    internal const string Form = "a name of letters, digits, '_', '-' and '.', at most 80, or name@host";

    /// <summary>Reads <c>name</c> or <c>name@host</c>; null where it is neither.</summary>
    internal static MySqlUser? Read(string? text)
    {
        if (text?.Split('@', 2) is not [var name, .. var rest])
        {
            return null;
        }

        var host = rest is [var given] ? given : "%";
        return name.Length is > 0 and <= 80 && name.All(IsOfName) && host.Length is > 0 and <= 255 && host.All(IsOfHost)
            ? new MySqlUser(name, host)
            : null;
    }

    /// <summary>As it stands in SQL.</summary>
    public override string ToString() => $"'{Name}'@'{Host}'";

    private static bool IsOfHost(char c) => IsOfName(c) || c is '%' or ':' or '/';

    private static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.';
}
