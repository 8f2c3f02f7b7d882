using Amazon.DynamoDBv2;
using Microsoft.Extensions.DependencyInjection;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Settings;
using Relaybox.Timing;

namespace Relaybox.DynamoDb;

/// <summary>The tables, where the store is DynamoDB.</summary>
internal sealed record DynamoDbSettings : StoreSettings
{
    private const int CallRetries = 3;

    // Well inside every function's timeout, so that a dead connection is given up while there is time to try again.
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(8);

    /// <summary>The outbox table.</summary>
    public required DynamoDbOutboxOptions Outbox { get; init; }

    /// <summary>The inbox table.</summary>
    public required DynamoDbInboxOptions Inbox { get; init; }

    /// <summary>The jobs table's name.</summary>
    public required string JobsTable { get; init; }

    /// <summary>The example handler's table; null where the example is not deployed.</summary>
    public string? EffectsTable { get; init; }

    /// <inheritdoc />
    public override void AddServices(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddSingleton<IAmazonDynamoDB>(_ => new AmazonDynamoDBClient(
            new AmazonDynamoDBConfig { Timeout = CallTimeout, MaxErrorRetry = CallRetries }));
        services.AddSingleton(Outbox);
        services.AddSingleton(Inbox);
        services.AddSingleton<IOutboxRepository, DynamoDbOutboxRepository>();
        services.AddSingleton<IOutboxOperations, DynamoDbOutboxOperations>();

        // Handlers emit events: it is the inbox that needs the claim check.
        services.AddSingleton(provider => new DynamoDbInboxRepository(
            provider.GetRequiredService<IAmazonDynamoDB>(),
            Inbox,
            Outbox with { ClaimCheck = provider.GetService<ClaimCheck>() },
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IEntropy>()));
        services.AddSingleton<IInboxRepository>(provider => provider.GetRequiredService<DynamoDbInboxRepository>());
        services.AddSingleton<IInboxOperations>(provider => provider.GetRequiredService<DynamoDbInboxRepository>());
        services.AddSingleton<IDoctorCheck, DynamoDbCheck>();
        services.AddSingleton<IDoctorCheck, DynamoDbClockCheck>();
        services.AddSingleton<IJobStore>(provider => new DynamoDbJobStore(
            provider.GetRequiredService<IAmazonDynamoDB>(),
            JobsTable,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IEntropy>()));
    }

    internal static DynamoDbSettings Read(SettingsReader reader, RelayboxSettings settings) => new()
    {
        Outbox = new DynamoDbOutboxOptions
        {
            TableName = reader.TableName("OUTBOX_TABLE", "the name of the outbox table"),
            Trigger = reader.Choice(
                "RELAY_TRIGGER", RelayTrigger.Stream, ("stream", RelayTrigger.Stream), ("schedule", RelayTrigger.Schedule)),
            DueShards = reader.Number("DUE_SHARDS", 8, 1, 256),
            SentRetention = settings.Maintenance.SentRetention,
        },
        Inbox = new DynamoDbInboxOptions
        {
            TableName = settings.Needs.HasFlag(FunctionNeeds.Inbox) ? reader.TableName("INBOX_TABLE", "the name of the inbox table")
                : settings.Needs.HasFlag(FunctionNeeds.Diagnosis) ? reader.OptionalTableName("INBOX_TABLE") ?? ""
                : "",
            ProcessedRetention = settings.Maintenance.ProcessedRetention,
        },
        JobsTable = settings.Needs.HasFlag(FunctionNeeds.Jobs) ? reader.TableName("JOBS_TABLE", "the name of the jobs table") : "",
        EffectsTable = reader.OptionalTableName("EFFECTS_TABLE"),
    };
}
