using Relaybox.Outbox;
using Relaybox.Settings;
using Relaybox.Sql;

namespace Relaybox.Postgres;

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

    /// <summary>
    /// The user that the functions connect as: it gets the roles of relay, cleaner and consumer. It has to be there.
    /// Default: none; the roles are then granted by hand.
    /// </summary>
    /// <exception cref="SettingsException">The name may not be used.</exception>
    public string? FunctionsUser { get; init => field = value is null ? null : PostgresIdentifier.Require("The functions' user", value); }

    /// <summary>The users that apps connect as: they get the app's role. They have to be there. Default: none.</summary>
    /// <exception cref="SettingsException">A name may not be used.</exception>
    public IReadOnlyList<string> AppUsers
    {
        get;
        init => field = [.. value.Select(user => PostgresIdentifier.Require("An app's user", user))];
    } = [];

    /// <summary>
    /// Tables in the schema that the consumer's handlers read, insert into and update. What is not there is left out.
    /// Default: none.
    /// </summary>
    /// <exception cref="SettingsException">A name may not be used.</exception>
    public IReadOnlyList<string> HandlerTables
    {
        get;
        init => field = [.. value.Select(table => PostgresIdentifier.Require("A handler's table", table))];
    } = [];

    /// <summary>The roles of a prefix: <c>shop</c> gives <c>shop_app</c>, <c>shop_relay</c>, <c>shop_cleaner</c>, <c>shop_consumer</c>.</summary>
    /// <param name="prefix">The prefix. Roles belong to the whole server: what is to be kept apart needs another one.</param>
    /// <exception cref="SettingsException">A name may not be used.</exception>
    public static PostgresRoles WithPrefix(string prefix) => new()
    {
        App = $"{prefix}_app", Relay = $"{prefix}_relay", Cleaner = $"{prefix}_cleaner", Consumer = $"{prefix}_consumer",
    };

    /// <summary>The SQL that makes the roles where they are missing, and grants them what they need.</summary>
    internal string Render(PostgresNames names, AfterSending afterSending)
    {
        string[] roles = [App, Relay, Cleaner, Consumer];
        if (roles.Distinct(StringComparer.Ordinal).Count() < roles.Length)
        {
            throw new SettingsException([$"The roles need different names; they are {string.Join(", ", roles)}."]);
        }

        var relay = PostgresIdentifier.Quote(Relay);
        var grants = SchemaFile.Render(PostgresSchemaFiles.Roles(), placeholder => placeholder switch
        {
            "role:app" => PostgresIdentifier.Quote(App),
            "role:relay" => relay,
            "role:cleaner" => PostgresIdentifier.Quote(Cleaner),
            "role:consumer" => PostgresIdentifier.Quote(Consumer),
            "relay:delete" => afterSending == AfterSending.Keep ? "" : $"GRANT DELETE ON {names.Outbox} TO {relay};",
            "relay:archive" => afterSending == AfterSending.Archive ? $"GRANT INSERT ON {names.Sent} TO {relay};" : "",
            "migrations" => names.Migrations,
            "tables" => string.Join(", ", names.All),
            "consumer:tables" => string.Join('\n', HandlerTables.Select(table => GrantTable(names.Qualify(table)))),
            _ => names.Fill(placeholder),
        });
        var members = new[] { Relay, Cleaner, Consumer }.Where(_ => FunctionsUser is not null).Select(role => GrantRole(role, FunctionsUser!))
            .Concat(AppUsers.Select(user => GrantRole(App, user)));
        return string.Concat(roles.Select(Create)) + grants + string.Concat(members);
    }

    private string GrantTable(string table) =>
        $"""
        DO $$ BEGIN
            IF to_regclass('{table}') IS NOT NULL THEN
                GRANT SELECT, INSERT, UPDATE ON {table} TO {PostgresIdentifier.Quote(Consumer)};
            END IF;
        END $$;
        """;

    // Who has the role already needs no grant, and who grants then no right to grant it.
    private static string GrantRole(string role, string user) =>
        $"""
        DO $$ BEGIN
            IF NOT pg_has_role('{user}', '{role}', 'MEMBER') THEN
                GRANT {PostgresIdentifier.Quote(role)} TO {PostgresIdentifier.Quote(user)};
            END IF;
        END $$;

        """;

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
