using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.Postgres;

/// <summary>How outbox, inbox and jobs lie in a PostgreSQL database. One schema holds one set of tables.</summary>
public sealed record PostgresOptions
{
    /// <summary>The schema. Default: <c>relaybox</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string Schema { get; init => field = RequireSchema(value); } = "relaybox";

    /// <summary>The outbox table. Default: <c>outbox</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string OutboxTable { get; init => field = PostgresIdentifier.Require("The outbox table's name", value); } = "outbox";

    /// <summary>The inbox table. Default: <c>inbox</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string InboxTable { get; init => field = PostgresIdentifier.Require("The inbox table's name", value); } = "inbox";

    /// <summary>The table of the maintenance jobs. Default: <c>jobs</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string JobsTable { get; init => field = PostgresIdentifier.Require("The jobs table's name", value); } = "jobs";

    /// <summary>What becomes of an outbox row that was sent. Default: it is kept for the retention.</summary>
    public AfterSending AfterSending { get; init; } = AfterSending.Keep;

    private static string RequireSchema(string name) =>
        PostgresIdentifier.Require("The schema's name", name).StartsWith("pg_", StringComparison.Ordinal) || name == "information_schema"
            ? throw new SettingsException([$"The schema '{name}' is the database's own: choose another."])
            : name;
}
