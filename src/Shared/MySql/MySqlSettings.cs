using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Secrets;
using Relaybox.Settings;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>The database and its tables, where the store is MySQL or MariaDB.</summary>
internal sealed record MySqlSettings : StoreSettings
{
    /// <summary>The tables.</summary>
    public required MySqlOptions Tables { get; init; }

    /// <summary>How the database is reached.</summary>
    public required SqlConnectionOptions Connection { get; init; }

    /// <summary>The example handler's table, in the same schema; null where the example is not deployed.</summary>
    public string? EffectsTable { get; init; }

    /// <summary>What the names of the roles begin with.</summary>
    public required string RolePrefix { get; init; }

    /// <summary>Whom Setup grants what is needed; null: nobody, and the roles are not made.</summary>
    public MySqlRoles? Roles { get; init; }

    /// <inheritdoc />
    public override void AddServices(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddSingleton(Tables);
        services.AddSingleton(provider => new MySqlConnections(Connection, provider.GetRequiredService<ISecretSource>()));
        services.AddSingleton<IExplainsFailures>(provider => provider.GetRequiredService<MySqlConnections>());
        services.AddSingleton<IOutboxRepository, MySqlOutboxRepository>();
        services.AddSingleton<IOutboxOperations, MySqlOutboxOperations>();
        services.AddSingleton<MySqlInboxRepository>();
        services.AddSingleton<IInboxRepository>(provider => provider.GetRequiredService<MySqlInboxRepository>());
        services.AddSingleton<IInboxOperations>(provider => provider.GetRequiredService<MySqlInboxRepository>());
        services.AddSingleton<IJobStore, MySqlJobStore>();
        services.AddSingleton<IOutboxSignal, MySqlOutboxSignal>();
        services.AddSingleton(provider => new MySqlMigrator(
            provider.GetRequiredService<MySqlConnections>(), Tables, provider.GetRequiredService<ILogger<MySqlMigrator>>()));
        services.AddSingleton<ISetupStep, MySqlSetup>();
        services.AddSingleton<ISetupState, MySqlSetupState>();
        services.AddSingleton<IDoctorCheck, MySqlSchemaCheck>();
        services.AddSingleton<IDoctorCheck, MySqlRightsCheck>();
        services.AddSingleton<IDoctorCheck, StoreClockCheck>();
    }

    internal static MySqlSettings Read(SettingsReader reader)
    {
        var sql = new SqlSettingsReader(reader, MySqlIdentifier.Rules);
        var prefix = reader.Matching(
            "DATABASE_ROLE_PREFIX",
            "relaybox",
            MySqlRoles.IsPrefix,
            $"letters, digits and '_', at most {MySqlRoles.MaxPrefixLength}, not beginning with a digit");
        return new MySqlSettings
        {
            Tables = ReadTables(reader, sql),
            Connection = sql.Connection(new SqlConnectionOptions { RolePrefix = prefix }, (int)MySqlUrl.DefaultPort, MySqlConnectionText.Check),
            Listen = reader.Seconds("SWEEP_LISTEN_SECONDS", 50, 0, 840),
            EffectsTable = sql.OptionalIdentifier("EFFECTS_TABLE", "effects"),
            RolePrefix = prefix,
            Roles = ReadRoles(reader, sql, prefix),
        };
    }

    private static MySqlRoles? ReadRoles(SettingsReader reader, SqlSettingsReader sql, string prefix)
    {
        var functionsUser = reader.Optional("DATABASE_FUNCTIONS_USER");
        if (functionsUser is not null && MySqlUser.Read(functionsUser) is null)
        {
            reader.Add($"DATABASE_FUNCTIONS_USER is not a user. Set it to {MySqlUser.Form}.");
            functionsUser = null;
        }

        var appUsers = sql.List("DATABASE_APP_USERS", user => MySqlUser.Read(user) is not null, $"users, each {MySqlUser.Form}");
        return functionsUser is null && appUsers.Length == 0
            ? null
            : new MySqlRoles { Prefix = prefix, FunctionsUser = functionsUser, AppUsers = appUsers };
    }

    private static MySqlOptions ReadTables(SettingsReader reader, SqlSettingsReader sql)
    {
        var tables = new MySqlOptions
        {
            OutboxTable = sql.Identifier("OUTBOX_TABLE", "outbox"),
            InboxTable = sql.Identifier("INBOX_TABLE", "inbox"),
            JobsTable = sql.Identifier("JOBS_TABLE", "jobs"),
            AfterSending = reader.Choice(
                "AFTER_SENDING",
                AfterSending.Keep,
                "The store mysql has no archive.",
                ("keep", AfterSending.Keep),
                ("delete", AfterSending.Delete)),
        };
        return sql.Schema(tables, (options, schema) => options with { Schema = schema });
    }
}
