using System.Buffers;
using System.Globalization;
using System.Text;
using Relaybox.Settings;

namespace Relaybox.Sql;

/// <summary>Names of schemas, tables and roles that come from the configuration. They are checked, and always quoted.</summary>
/// <param name="maxLength">The longest name of the database, in bytes.</param>
/// <param name="quote">What the database quotes a name with.</param>
internal sealed class SqlIdentifier(int maxLength, char quote)
{
    private static readonly SearchValues<char> First =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_");

    private static readonly SearchValues<char> Others =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

    /// <summary>Whether a name may be used: a letter or <c>_</c>, then letters, digits and <c>_</c>, and not too long.</summary>
    /// <param name="name">The name.</param>
    internal bool IsValid(string? name) =>
        name is { Length: > 0 } && name.Length <= maxLength && First.Contains(name[0]) && !name.AsSpan().ContainsAnyExcept(Others);

    /// <summary>Checks a name.</summary>
    /// <param name="what">What is named, as the error says it.</param>
    /// <param name="name">The name.</param>
    /// <returns>The name.</returns>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    internal string Require(string what, string? name) => IsValid(name) ? name! : throw new SettingsException(
        [$"{what} must be 1 to {maxLength} letters, digits and '_', not beginning with a digit; it is {Describe(name)}."]);

    /// <summary>Quotes a name, so that it is that name and nothing else.</summary>
    /// <param name="name">A valid name.</param>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    internal string Quote(string name) => $"{quote}{Require("A name in the database", name)}{quote}";

    /// <summary>A name of something that belongs to a table. Where the two together are too long, a hash keeps it unique.</summary>
    /// <param name="table">The table's name.</param>
    /// <param name="suffix">What it is of the table.</param>
    internal string Derive(string table, string suffix)
    {
        var name = $"{table}_{suffix}";
        return name.Length <= maxLength
            ? name
            : string.Create(CultureInfo.InvariantCulture, $"{table.AsSpan(0, maxLength - suffix.Length - 10)}_{Hash(table):x8}_{suffix}");
    }

    /// <summary>FNV-1a over the name's bytes.</summary>
    internal static uint Hash(string name)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 16777619u;
        }

        return hash;
    }

    // A name that is not one may be anything, a password put into the wrong setting too: it is not repeated.
    private static string Describe(string? name) => name switch
    {
        null => "missing",
        "" => "empty",
        _ => string.Create(CultureInfo.InvariantCulture, $"{name.Length} characters long and not of that form"),
    };
}
