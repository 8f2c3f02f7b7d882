using Relaybox.Configuration;

namespace Relaybox.Stores.Postgres;

/// <summary>The names of the roles of least privilege; see Roles/roles.sql for what each may do.</summary>
public sealed record PostgresRoles
{
    /// <summary>Apps that write events. Default: <c>relaybox_app</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string App { get; init => field = PostgresIdentifier.Require("The app's role", value); } = "relaybox_app";

    /// <summary>Relays. Default: <c>relaybox_relay</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string Relay { get; init => field = PostgresIdentifier.Require("The relay's role", value); } = "relaybox_relay";

    /// <summary>The scheduled jobs: cleanup, reset and reconcile. Default: <c>relaybox_cleaner</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string Cleaner { get; init => field = PostgresIdentifier.Require("The cleaner's role", value); } = "relaybox_cleaner";

    /// <summary>Consumers. Default: <c>relaybox_consumer</c>.</summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string Consumer { get; init => field = PostgresIdentifier.Require("The consumer's role", value); } = "relaybox_consumer";

    private const string Resource = "Relaybox.Stores.Postgres.Roles.roles.sql";

    /// <summary>The SQL that makes the roles where they are missing, and grants them what they need.</summary>
    internal string Render(PostgresNames names, AfterSending afterSending)
    {
        string[] roles = [App, Relay, Cleaner, Consumer];
        if (roles.Distinct(StringComparer.Ordinal).Count() < roles.Length)
        {
            throw new SettingsException([$"The roles need different names; they are {string.Join(", ", roles)}."]);
        }

        var relay = PostgresIdentifier.Quote(Relay);
        var grants = Migration.Render(Migration.ReadResource(Resource), placeholder => placeholder switch
        {
            "role:app" => PostgresIdentifier.Quote(App),
            "role:relay" => relay,
            "role:cleaner" => PostgresIdentifier.Quote(Cleaner),
            "role:consumer" => PostgresIdentifier.Quote(Consumer),
            "relay:delete" => afterSending == AfterSending.Keep ? "" : $"GRANT DELETE ON {names.Outbox} TO {relay};",
            "relay:archive" => afterSending == AfterSending.Archive ? $"GRANT INSERT ON {names.Sent} TO {relay};" : "",
            _ => names.Fill(placeholder),
        });
        return string.Concat(roles.Select(Create)) + grants;
    }

    // Roles belong to the whole server: another database's migration may make one at the same moment.
    private static string Create(string role) =>
        $"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                CREATE ROLE {PostgresIdentifier.Quote(role)} NOLOGIN;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$;

        """;
}
