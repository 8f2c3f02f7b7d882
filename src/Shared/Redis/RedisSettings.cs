using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Connections;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Redis;

/// <summary>The server and its keys, where the store is Redis or Valkey.</summary>
internal sealed record RedisSettings : StoreSettings
{
    /// <summary>The keys.</summary>
    public required RedisOptions Keys { get; init; }

    /// <summary>How the server is reached.</summary>
    public required RedisConnectionOptions Connection { get; init; }

    /// <summary>What the keys of the example handler's effects begin with; null where the example is not deployed.</summary>
    public string? EffectsPrefix { get; init; }

    /// <summary>Whom Setup gives what is needed.</summary>
    public required RedisRoles Roles { get; init; }

    /// <inheritdoc />
    public override void AddServices(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddSingleton(Keys);
        services.AddSingleton(Roles);
        services.AddSingleton(provider => new RedisConnections(Connection, Keys, provider.GetRequiredService<ISecretSource>()));
        services.AddSingleton<IExplainsFailures>(provider => provider.GetRequiredService<RedisConnections>());
        services.AddSingleton<IOutboxRepository, RedisOutboxRepository>();
        services.AddSingleton<IOutboxOperations, RedisOutboxOperations>();
        services.AddSingleton<RedisInboxRepository>();
        services.AddSingleton<IInboxRepository>(provider => provider.GetRequiredService<RedisInboxRepository>());
        services.AddSingleton<IInboxOperations>(provider => provider.GetRequiredService<RedisInboxRepository>());
        services.AddSingleton<IJobStore, RedisJobStore>();
        services.AddSingleton<IOutboxSignal, RedisOutboxSignal>();
        services.AddSingleton<ISetupStep, RedisSetup>();
        services.AddSingleton<ISetupState, RedisSetupState>();
        services.AddSingleton<IDoctorCheck, RedisSchemaCheck>();
        services.AddSingleton<IDoctorCheck, RedisRightsCheck>();
        services.AddSingleton<IDoctorCheck, StoreClockCheck>();
    }

    internal static RedisSettings Read(SettingsReader reader)
    {
        var functionsUser = reader.Optional("DATABASE_FUNCTIONS_USER");
        if (functionsUser is not null && !RedisUser.IsName(functionsUser))
        {
            reader.Add($"DATABASE_FUNCTIONS_USER is not a user. Set it to {RedisUser.Form}.");
            functionsUser = null;
        }

        var appUsers = reader.List("DATABASE_APP_USERS");
        if (!Array.TrueForAll(appUsers, RedisUser.IsName))
        {
            reader.Add($"DATABASE_APP_USERS holds what is no user. Set it to users, each {RedisUser.Form}, separated by commas.");
            appUsers = [];
        }

        return new RedisSettings
        {
            Keys = new RedisOptions
            {
                KeyPrefix = reader.Matching("REDIS_KEY_PREFIX", "relaybox", Bucket.IsPrefix, Bucket.PrefixForm),
                Buckets = reader.Number("REDIS_BUCKETS", 1, 1, RedisOptions.MaxBuckets),
                AfterSending = reader.Choice(
                    "AFTER_SENDING",
                    AfterSending.Keep,
                    "The store redis has no archive.",
                    ("keep", AfterSending.Keep),
                    ("delete", AfterSending.Delete)),
            },
            Connection = ReadDurability(reader, ReadConnection(reader)),
            Roles = new RedisRoles { FunctionsUser = functionsUser, AppUsers = appUsers },
            EffectsPrefix = reader.Optional("EFFECTS_TABLE") is null
                ? null
                : reader.Matching("EFFECTS_TABLE", "effects", Bucket.IsPrefix, Bucket.PrefixForm),
            Listen = reader.Seconds("SWEEP_LISTEN_SECONDS", 50, 0, 840),
        };
    }

    private static RedisConnectionOptions ReadDurability(SettingsReader reader, RedisConnectionOptions options)
    {
        const string Form = "none, replicas:N (N from 1 to 9), or disk:N (N from 0 to 9; Redis 7.2)";
        var text = reader.Matching(
            "REDIS_DURABILITY", "none", value => value is "none" or ['r', 'e', 'p', 'l', 'i', 'c', 'a', 's', ':', >= '1' and <= '9']
                or ['d', 'i', 's', 'k', ':', >= '0' and <= '9'], Form);
        return options with
        {
            ConfirmingReplicas = text == "none" ? 0 : text[^1] - '0',
            ConfirmsOnDisk = text[0] == 'd',
            ConfirmsWithin = TimeSpan.FromMilliseconds(reader.Number("REDIS_DURABILITY_MILLISECONDS", 1_000, 1, 8_000)),
        };
    }

    private static RedisConnectionOptions ReadConnection(SettingsReader reader)
    {
        var options = new RedisConnectionOptions
        {
            Url = reader.Optional("REDIS_URL"),
            SecretArn = reader.Arn("DATABASE_SECRET_ARN", "secretsmanager"),
            Host = reader.Optional("DATABASE_HOST"),
            Port = reader.Optional("DATABASE_PORT") is null ? null : reader.Number("DATABASE_PORT", RedisConnectionText.DefaultPort, 1, 65_535),
            Database = reader.Optional("DATABASE_NAME") is null ? null : reader.Number("DATABASE_NAME", 0, 0, RedisConnectionText.MaxDatabase),
            CertificateAuthorityFile = reader.File("DATABASE_CA_FILE", "a file of PEM certificates"),
            ApplicationName = $"relaybox-{reader.Optional("ANNOTATIONS_HANDLER")}".TrimEnd('-'),
        };
        DatabaseSource.CheckHosts(reader, options.Host, DatabaseHosts.Are);

        reader.RefuseBeside("REDIS_URL", "DATABASE_HOST", "DATABASE_PORT");
        DatabaseSource.Check(
            reader,
            "REDIS_URL",
            options.Url,
            options.SecretArn,
            ": a URL (rediss://…), or JSON with host, port, username and password",
            () => RedisConnectionText.Check(options));

        return options;
    }
}
