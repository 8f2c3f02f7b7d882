using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Outbox;
using Relaybox.Secrets;
using Relaybox.Settings;

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
        services.AddSingleton<IInboxRepository, PostgresInboxRepository>();
        services.AddSingleton<IJobStore, PostgresJobStore>();
        services.AddSingleton(new PostgresSignalOptions { Listen = !Connection.Pooler });
        services.AddSingleton<IOutboxSignal, PostgresOutboxSignal>();
        services.AddSingleton(provider => new PostgresMigrator(
            provider.GetRequiredService<PostgresConnections>(), Tables, provider.GetRequiredService<ILogger<PostgresMigrator>>()));
        services.AddSingleton<ISetupStep, PostgresSetup>();
        services.AddSingleton<ISetupState, PostgresSetupState>();
    }

    internal static PostgresSettings Read(SettingsReader reader)
    {
        var prefix = reader.Matching(
            "DATABASE_ROLE_PREFIX",
            "relaybox",
            value => PostgresIdentifier.IsValid($"{value}_consumer"),
            "letters, digits and '_', at most 54, not beginning with a digit");
        return new PostgresSettings
        {
            Tables = ReadTables(reader),
            Connection = ReadConnection(reader) with { RolePrefix = prefix, KeepsSessions = true },
            Listen = reader.Seconds("SWEEP_LISTEN_SECONDS", 50, 0, 840),
            EffectsTable = reader.Optional("EFFECTS_TABLE") is null ? null : ReadIdentifier(reader, "EFFECTS_TABLE", "effects"),
            RolePrefix = prefix,
            Roles = ReadRoles(reader, prefix),
        };
    }

    private static PostgresRoles? ReadRoles(SettingsReader reader, string prefix)
    {
        var functionsUser = reader.Optional("DATABASE_FUNCTIONS_USER") is null
            ? null
            : ReadIdentifier(reader, "DATABASE_FUNCTIONS_USER", "relaybox_functions");
        var appUsers = ReadIdentifiers(reader, "DATABASE_APP_USERS");
        return functionsUser is null && appUsers.Length == 0
            ? null
            : PostgresRoles.WithPrefix(prefix) with { FunctionsUser = functionsUser, AppUsers = appUsers };
    }

    private static PostgresOptions ReadTables(SettingsReader reader)
    {
        var tables = new PostgresOptions
        {
            OutboxTable = ReadIdentifier(reader, "OUTBOX_TABLE", "outbox"),
            InboxTable = ReadIdentifier(reader, "INBOX_TABLE", "inbox"),
            JobsTable = ReadIdentifier(reader, "JOBS_TABLE", "jobs"),
            AfterSending = reader.Choice(
                "AFTER_SENDING",
                AfterSending.Keep,
                ("keep", AfterSending.Keep),
                ("delete", AfterSending.Delete),
                ("archive", AfterSending.Archive)),
        };
        try
        {
            return tables with { Schema = ReadIdentifier(reader, "DATABASE_SCHEMA", "relaybox") };
        }
        catch (SettingsException e)
        {
            reader.Add($"DATABASE_SCHEMA cannot be used. {string.Join(" ", e.Errors)}");
            return tables;
        }
    }

    private static PostgresConnectionOptions ReadConnection(SettingsReader reader)
    {
        var options = new PostgresConnectionOptions
        {
            Url = reader.Optional("DATABASE_URL"),
            SecretArn = reader.Arn("DATABASE_SECRET_ARN", "secretsmanager"),
            Host = reader.Optional("DATABASE_HOST"),
            Port = reader.Optional("DATABASE_PORT") is null ? null : reader.Number("DATABASE_PORT", 5432, 1, 65_535),
            Database = reader.Optional("DATABASE_NAME"),
            CertificateAuthorityFile = reader.File("DATABASE_CA_FILE", "a file of PEM certificates"),
            Pooler = reader.Choice("DATABASE_POOLER", false, ("false", false), ("true", true)),
            MaxPoolSize = reader.Number("DATABASE_MAX_CONNECTIONS", 20, 2, 1_000),
            ApplicationName = $"relaybox {reader.Optional("ANNOTATIONS_HANDLER")}".TrimEnd(),
        };
        if (options.Host is { } host && !PostgresUrl.AreHosts(host))
        {
            reader.Add("DATABASE_HOST is not a host. Set it to one, or to several with commas between them, each with its port or without.");
        }

        reader.RefuseBeside("DATABASE_URL", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME");
        switch (options)
        {
            case { Url: null, SecretArn: null }:
                reader.Add(
                    "DATABASE_SECRET_ARN is not set. Set it to the ARN of a secret with host, port, dbname, username and password; "
                    + "on a development machine set DATABASE_URL instead.");
                break;
            case { Url: not null, SecretArn: not null }:
                reader.Add("DATABASE_URL is set as well as DATABASE_SECRET_ARN. Leave one of them out.");
                break;
            case { Url: not null } when PostgresConnectionText.Check(options) is { } wrong:
                reader.Add($"DATABASE_URL cannot be used: {wrong}.");
                break;
        }

        return options;
    }

    private static string ReadIdentifier(SettingsReader reader, string name, string fallback)
    {
        try
        {
            return PostgresIdentifier.Require(name, reader.Optional(name) ?? fallback);
        }
        catch (SettingsException e)
        {
            reader.Add(string.Join(" ", e.Errors));
            return fallback;
        }
    }

    private static string[] ReadIdentifiers(SettingsReader reader, string name)
    {
        var names = reader.List(name);
        if (Array.TrueForAll(names, PostgresIdentifier.IsValid))
        {
            return names;
        }

        reader.Add($"{name} holds what is no name. Set it to names of letters, digits and '_', separated by commas.");
        return [];
    }
}
