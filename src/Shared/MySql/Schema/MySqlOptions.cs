using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.MySql;

/// <summary>
/// How outbox, inbox and jobs lie on a MySQL or MariaDB server. They have a database of their own beside the app's: a transaction
/// writes both. One database holds one set of tables.
/// </summary>
public sealed record MySqlOptions
{
    private static readonly string[] OfTheServer = ["mysql", "information_schema", "performance_schema", "sys"];

    /// <summary>The database of the tables, which the server also calls a schema. Default: <c>relaybox</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string Schema { get; init => field = RequireSchema(value); } = "relaybox";

    /// <summary>The outbox table. Default: <c>outbox</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string OutboxTable { get; init => field = MySqlIdentifier.Require("The outbox table's name", value); } = "outbox";

    /// <summary>The inbox table. Default: <c>inbox</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string InboxTable { get; init => field = MySqlIdentifier.Require("The inbox table's name", value); } = "inbox";

    /// <summary>The table of the maintenance jobs. Default: <c>jobs</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string JobsTable { get; init => field = MySqlIdentifier.Require("The jobs table's name", value); } = "jobs";

    /// <summary>What becomes of an outbox row that was sent. Default: it is kept for the retention.</summary>
    /// <exception cref="SettingsException">It is <see cref="AfterSending.Archive"/>, which this store does not have.</exception>
    public AfterSending AfterSending { get; init => field = RequireSupported(value); } = AfterSending.Keep;

    /// <summary>The server's time in SQL, in UTC and to the microsecond. Tests move it.</summary>
    internal string Now { get; init; } = "UTC_TIMESTAMP(6)";

    private static string RequireSchema(string name) =>
        OfTheServer.Contains(MySqlIdentifier.Require("The schema's name", name), StringComparer.OrdinalIgnoreCase)
            ? throw new SettingsException([$"The schema '{name}' is the server's own: choose another."])
            : name;

    private static AfterSending RequireSupported(AfterSending afterSending) => afterSending == AfterSending.Archive
        ? throw new SettingsException(["The MySQL store has no archive: choose AfterSending.Keep or AfterSending.Delete."])
        : afterSending;
}
