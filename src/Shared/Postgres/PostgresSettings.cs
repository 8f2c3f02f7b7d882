using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Secrets;
using Relaybox.Settings;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>The database and its tables, where the store is PostgreSQL.</summary>
internal sealed record PostgresSettings : StoreSettings
{
    /// <summary>The tables.</summary>
    public required PostgresOptions Tables { get; init; }

    /// <summary>How the database is reached.</summary>
    public required PostgresConnectionOptions Connection { get; init; }

    /// <summary>The example handler's table, in the same schema; null where the example is not deployed.</summary>
    public string? EffectsTable { get; init; }

    /// <summary>What the names of the roles begin with.</summary>
    public required string RolePrefix { get; init; }

    /// <summary>Whom Setup grants what is needed; null: nobody, and the roles are not made.</summary>
    public PostgresRoles? Roles { get; init; }

    /// <inheritdoc />
    public override void AddServices(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddSingleton(Tables);
        services.AddSingleton(provider => new PostgresConnections(Connection, provider.GetRequiredService<ISecretSource>()));
        services.AddSingleton<IExplainsFailures>(provider => provider.GetRequiredService<PostgresConnections>());
        services.AddSingleton<IOutboxRepository, PostgresOutboxRepository>();
        services.AddSingleton<IOutboxOperations, PostgresOutboxOperations>();
        services.AddSingleton<PostgresInboxRepository>();
        services.AddSingleton<IInboxRepository>(provider => provider.GetRequiredService<PostgresInboxRepository>());
        services.AddSingleton<IInboxOperations>(provider => provider.GetRequiredService<PostgresInboxRepository>());
        services.AddSingleton<IJobStore, PostgresJobStore>();
        services.AddSingleton(new PostgresSignalOptions { Listen = !Connection.Pooler });
        services.AddSingleton<IOutboxSignal, PostgresOutboxSignal>();
        services.AddSingleton(provider => new PostgresMigrator(
            provider.GetRequiredService<PostgresConnections>(), Tables, provider.GetRequiredService<ILogger<PostgresMigrator>>()));
        services.AddSingleton<ISetupStep, PostgresSetup>();
        services.AddSingleton<ISetupState, PostgresSetupState>();
        services.AddSingleton<IDoctorCheck, PostgresSchemaCheck>();
        services.AddSingleton<IDoctorCheck, PostgresRightsCheck>();
        services.AddSingleton<IDoctorCheck, StoreClockCheck>();
    }

    internal static PostgresSettings Read(SettingsReader reader)
    {
        var sql = new SqlSettingsReader(reader, PostgresIdentifier.Rules);
        var prefix = reader.Matching(
            "DATABASE_ROLE_PREFIX",
            "relaybox",
            value => PostgresIdentifier.IsValid($"{value}_consumer"),
            "letters, digits and '_', at most 54, not beginning with a digit");
        var empty = new PostgresConnectionOptions
        {
            RolePrefix = prefix,
            KeepsSessions = true,
            Pooler = reader.Choice("DATABASE_POOLER", false, ("false", false), ("true", true)),
        };
        return new PostgresSettings
        {
            Tables = ReadTables(reader, sql),
            Connection = sql.Connection(empty, NpgsqlConnection.DefaultPort, PostgresConnectionText.Check),
            Listen = reader.Seconds("SWEEP_LISTEN_SECONDS", 50, 0, 840),
            EffectsTable = sql.OptionalIdentifier("EFFECTS_TABLE", "effects"),
            RolePrefix = prefix,
            Roles = ReadRoles(sql, prefix),
        };
    }

    private static PostgresRoles? ReadRoles(SqlSettingsReader sql, string prefix)
    {
        var functionsUser = sql.OptionalIdentifier("DATABASE_FUNCTIONS_USER", "relaybox_functions");
        var appUsers = sql.List("DATABASE_APP_USERS", PostgresIdentifier.IsValid, "names of letters, digits and '_'");
        return functionsUser is null && appUsers.Length == 0
            ? null
            : PostgresRoles.WithPrefix(prefix) with { FunctionsUser = functionsUser, AppUsers = appUsers };
    }

    private static PostgresOptions ReadTables(SettingsReader reader, SqlSettingsReader sql)
    {
        var tables = new PostgresOptions
        {
            OutboxTable = sql.Identifier("OUTBOX_TABLE", "outbox"),
            InboxTable = sql.Identifier("INBOX_TABLE", "inbox"),
            JobsTable = sql.Identifier("JOBS_TABLE", "jobs"),
            AfterSending = reader.Choice(
                "AFTER_SENDING",
                AfterSending.Keep,
                ("keep", AfterSending.Keep),
                ("delete", AfterSending.Delete),
                ("archive", AfterSending.Archive)),
        };
        return sql.Schema(tables, (options, schema) => options with { Schema = schema });
    }
}
