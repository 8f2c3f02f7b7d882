using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>Which names of databases, collections and roles may be used.</summary>
internal static class MongoNames
{
    private const int MaxLength = 55;

    /// <summary>Whether a name is letters, digits, '_' and '-', does not begin with a digit or '-', and is not one of the server's.</summary>
    internal static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength
        && (char.IsAsciiLetter(name[0]) || name[0] == '_')
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
        && name is not ("admin" or "config" or "local");

    /// <exception cref="SettingsException">The name may not be used.</exception>
    internal static string RequireCollection(string what, string name) =>
        IsValid(name)
            ? name
            : throw new SettingsException(
                [$"{what} needs a name of letters, digits, '_' and '-', at most {MaxLength}, that begins with a letter or '_'."]);
}
