using Relaybox.Settings;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>The rules of MySQL and MariaDB for names; see <see cref="SqlIdentifier"/>.</summary>
internal static class MySqlIdentifier
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 64;

    /// <summary>The rules.</summary>
    internal static SqlIdentifier Rules { get; } = new(MaxLength, '`');

    /// <inheritdoc cref="SqlIdentifier.IsValid"/>
    public static bool IsValid(string? name) => Rules.IsValid(name);

    /// <inheritdoc cref="SqlIdentifier.Require"/>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public static string Require(string what, string? name) => Rules.Require(what, name);

    /// <inheritdoc cref="SqlIdentifier.Quote"/>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public static string Quote(string name) => Rules.Quote(name);

    /// <inheritdoc cref="SqlIdentifier.Derive"/>
    internal static string Derive(string table, string suffix) => Rules.Derive(table, suffix);
}
