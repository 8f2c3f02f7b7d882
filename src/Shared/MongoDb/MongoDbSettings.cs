using Microsoft.Extensions.DependencyInjection;
using Relaybox.Connections;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>The database and its collections, where the store is MongoDB.</summary>
internal sealed record MongoDbSettings : StoreSettings
{
    private const string NameForm = "letters, digits, '_' and '-', at most 55, beginning with a letter or '_'";

    /// <summary>The collections.</summary>
    public required MongoOptions Collections { get; init; }

    /// <summary>How the database is reached.</summary>
    public required MongoConnectionOptions Connection { get; init; }

    /// <summary>What Setup makes besides.</summary>
    public required MongoSetupOptions Setup { get; init; }

    /// <inheritdoc />
    public override void AddServices(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddSingleton(Collections);
        services.AddSingleton(Setup);
        services.AddSingleton(provider => new MongoConnections(Connection, Collections, provider.GetRequiredService<ISecretSource>()));
        services.AddSingleton<IExplainsFailures>(provider => provider.GetRequiredService<MongoConnections>());
        services.AddSingleton<IOutboxRepository, MongoOutboxRepository>();
        services.AddSingleton<IOutboxOperations, MongoOutboxOperations>();
        services.AddSingleton<MongoInboxRepository>();
        services.AddSingleton<IInboxRepository>(provider => provider.GetRequiredService<MongoInboxRepository>());
        services.AddSingleton<IInboxOperations>(provider => provider.GetRequiredService<MongoInboxRepository>());
        services.AddSingleton<IJobStore, MongoJobStore>();
        services.AddSingleton<IOutboxSignal, MongoOutboxSignal>();
        services.AddSingleton<ISetupStep, MongoSetup>();
        services.AddSingleton<ISetupState, MongoSetupState>();
        services.AddSingleton<IDoctorCheck, MongoSchemaCheck>();
        services.AddSingleton<IDoctorCheck, MongoRightsCheck>();
        services.AddSingleton<IDoctorCheck, StoreClockCheck>();
    }

    internal static MongoDbSettings Read(SettingsReader reader)
    {
        var prefix = reader.Matching("DATABASE_ROLE_PREFIX", "relaybox", MongoNames.IsValid, NameForm);
        var functionsUser = reader.Optional("DATABASE_FUNCTIONS_USER");
        if (functionsUser is not null && !MongoNames.IsValid(functionsUser))
        {
            reader.Add($"DATABASE_FUNCTIONS_USER is not a user's name. Set it to {NameForm}.");
        }

        var appUsers = reader.List("DATABASE_APP_USERS");
        if (!Array.TrueForAll(appUsers, MongoNames.IsValid))
        {
            reader.Add("DATABASE_APP_USERS holds what is no user's name. Set it to names of letters, digits, '_' and '-', separated by commas.");
        }

        return new MongoDbSettings
        {
            Collections = new MongoOptions
            {
                OutboxCollection = reader.Matching("OUTBOX_TABLE", "outbox", MongoNames.IsValid, NameForm),
                InboxCollection = reader.Matching("INBOX_TABLE", "inbox", MongoNames.IsValid, NameForm),
                JobsCollection = reader.Matching("JOBS_TABLE", "jobs", MongoNames.IsValid, NameForm),
                AfterSending = reader.Choice("AFTER_SENDING", AfterSending.Keep, ("keep", AfterSending.Keep), ("delete", AfterSending.Delete)),
            },
            Connection = ReadConnection(reader) with { RolePrefix = prefix },
            Listen = reader.Seconds("SWEEP_LISTEN_SECONDS", 50, 0, 840),
            Setup = new MongoSetupOptions(
                functionsUser is null && appUsers.Length == 0
                    ? null
                    : new MongoRoles { Prefix = prefix, FunctionsUser = functionsUser, AppUsers = appUsers },
                reader.Optional("EFFECTS_TABLE") is null ? null : reader.Matching("EFFECTS_TABLE", "effects", MongoNames.IsValid, NameForm)),
        };
    }

    private static MongoConnectionOptions ReadConnection(SettingsReader reader)
    {
        var options = new MongoConnectionOptions
        {
            Uri = reader.Optional("MONGODB_URI"),
            SecretArn = reader.Arn("DATABASE_SECRET_ARN", "secretsmanager"),
            Host = reader.Optional("DATABASE_HOST"),
            Port = reader.Optional("DATABASE_PORT") is null ? null : reader.Number("DATABASE_PORT", 27_017, 1, 65_535),
            Database = reader.Optional("DATABASE_NAME"),
            CertificateAuthorityFile = reader.File("DATABASE_CA_FILE", "a file of PEM certificates"),
            MaxPoolSize = reader.Number("DATABASE_MAX_CONNECTIONS", 20, 2, 1_000),
            ApplicationName = $"relaybox {reader.Optional("ANNOTATIONS_HANDLER")}".TrimEnd(),
        };
        DatabaseSource.CheckHosts(reader, options.Host, MongoConnectionText.AreHosts);

        var isNamed = options.Database is not { } database || MongoNames.IsValid(database);
        if (!isNamed)
        {
            reader.Add($"DATABASE_NAME is not a database's name. Set it to {NameForm}.");
        }

        reader.RefuseBeside("MONGODB_URI", "DATABASE_HOST", "DATABASE_PORT");
        DatabaseSource.Check(
            reader,
            "MONGODB_URI",
            options.Uri,
            options.SecretArn,
            ": a connection string, or JSON with host, port, dbname, username and password",
            () => isNamed ? MongoConnectionText.Check(options) : null);

        return options;
    }
}
