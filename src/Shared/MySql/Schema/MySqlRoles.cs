using Relaybox.Outbox;
using Relaybox.Settings;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>
/// The roles of least privilege, <c>relaybox_app</c> and so on: see Roles/roles.sql for what each may do. Roles belong to the whole server:
/// what is to be kept apart needs another prefix. MySQL's names of roles have 32 characters at most: longer ones are cut, and a hash keeps
/// them apart.
/// </summary>
public sealed record MySqlRoles
{
    /// <summary>The longest prefix.</summary>
    internal const int MaxPrefixLength = 54;

    private static readonly SqlIdentifier Names = new(maxLength: 32, '`');

    /// <summary>What the roles' names begin with. Default: <c>relaybox</c>.</summary>
    /// <exception cref="SettingsException">The prefix may not be used.</exception>
    public string Prefix { get; init => field = RequirePrefix(value); } = "relaybox";

    /// <summary>
    /// The user that the functions connect as, <c>name</c> or <c>name@host</c>: it gets the roles of relay, cleaner and consumer. It has to
    /// be there. Default: none; the roles are then granted by hand.
    /// </summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string? FunctionsUser { get; init => field = value is null ? null : RequireUser("The functions' user", value); }

    /// <summary>
    /// The users that apps connect as, <c>name</c> or <c>name@host</c>: they get the app's role. They have to be there. Default: none.
    /// </summary>
    /// <exception cref="SettingsException">A name may not be used.</exception>
    public IReadOnlyList<string> AppUsers { get; init => field = [.. value.Select(user => RequireUser("An app's user", user))]; } = [];

    /// <summary>
    /// Tables in the schema that the consumer's handlers read, insert into and update. They have to be there. Default: none.
    /// </summary>
    /// <exception cref="SettingsException">A name may not be used.</exception>
    public IReadOnlyList<string> HandlerTables
    {
        get;
        init => field = [.. value.Select(table => MySqlIdentifier.Require("A handler's table", table))];
    } = [];

    /// <summary>Apps that write events.</summary>
    internal string App => NameOf(Prefix, "app");

    /// <summary>Relays.</summary>
    internal string Relay => NameOf(Prefix, "relay");

    /// <summary>The scheduled jobs: cleanup, reset and reconcile.</summary>
    internal string Cleaner => NameOf(Prefix, "cleaner");

    /// <summary>Consumers.</summary>
    internal string Consumer => NameOf(Prefix, "consumer");

    /// <summary>Relay, cleaner and consumer in one: a user of MariaDB has one default role.</summary>
    internal string Functions => NameOf(Prefix, "functions");

    /// <summary>The users, and the role that each gets.</summary>
    internal IEnumerable<(string Role, MySqlUser User)> Members =>
        (FunctionsUser is { } functions ? [(Functions, MySqlUser.Read(functions)!)] : Array.Empty<(string, MySqlUser)>())
        .Concat(AppUsers.Select(user => (App, MySqlUser.Read(user)!)));

    /// <summary>Whether a prefix gives names of roles.</summary>
    internal static bool IsPrefix(string prefix) => prefix.Length <= MaxPrefixLength && MySqlIdentifier.IsValid(prefix);

    /// <summary>The name of a role.</summary>
    /// <param name="prefix">What it begins with.</param>
    /// <param name="part">The part of the system whose role it is.</param>
    internal static string NameOf(string prefix, string part) => Names.Derive(prefix, part);

    /// <summary>The statements that grant each role what it needs.</summary>
    internal string Render(MySqlNames names, AfterSending afterSending) => SchemaFile.Render(MySqlSchemaFiles.Roles(), name => name switch
    {
        "role:app" => MySqlIdentifier.Quote(App),
        "role:relay" => MySqlIdentifier.Quote(Relay),
        "role:cleaner" => MySqlIdentifier.Quote(Cleaner),
        "role:consumer" => MySqlIdentifier.Quote(Consumer),
        "relay:delete" => afterSending == AfterSending.Keep ? "" : $"GRANT DELETE ON {names.Outbox} TO {MySqlIdentifier.Quote(Relay)};",
        "consumer:tables" => string.Join('\n', HandlerTables.Select(
            table => $"GRANT SELECT, INSERT, UPDATE ON {names.Qualify(table)} TO {MySqlIdentifier.Quote(Consumer)};")),
        "migrations" => names.Migrations,
        _ => names.Fill(name),
    });

    private static string RequirePrefix(string prefix) => IsPrefix(prefix)
        ? prefix
        : throw new SettingsException([$"The roles' prefix must be 1 to {MaxPrefixLength} letters, digits and '_', not beginning with a digit."]);

    private static string RequireUser(string what, string user) => MySqlUser.Read(user) is not null
        ? user
        : throw new SettingsException([$"{what} must be {MySqlUser.Form}."]);
}
