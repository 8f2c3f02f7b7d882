using Relaybox.Stores.DynamoDb;

namespace Relaybox.Configuration;

/// <summary>The tables, where the store is DynamoDB.</summary>
public sealed record DynamoDbSettings
{
    /// <summary>The outbox table.</summary>
    public required DynamoDbOutboxOptions Outbox { get; init; }

    /// <summary>The inbox table.</summary>
    public required DynamoDbInboxOptions Inbox { get; init; }

    /// <summary>The jobs table's name.</summary>
    public required string JobsTable { get; init; }

    /// <summary>The example handler's table; null where the example is not deployed.</summary>
    public string? EffectsTable { get; init; }

    internal static DynamoDbSettings Read(SettingsReader reader, FunctionNeeds needs, TimeSpan sentRetention, TimeSpan processedRetention) => new()
    {
        Outbox = new DynamoDbOutboxOptions
        {
            TableName = reader.TableName("OUTBOX_TABLE", "the name of the outbox table"),
            Trigger = reader.Choice(
                "RELAY_TRIGGER", RelayTrigger.Stream, ("stream", RelayTrigger.Stream), ("schedule", RelayTrigger.Schedule)),
            DueShards = reader.Number("DUE_SHARDS", 8, 1, 256),
            SentRetention = sentRetention,
        },
        Inbox = new DynamoDbInboxOptions
        {
            TableName = needs.HasFlag(FunctionNeeds.Inbox) ? reader.TableName("INBOX_TABLE", "the name of the inbox table") : "",
            ProcessedRetention = processedRetention,
        },
        JobsTable = needs.HasFlag(FunctionNeeds.Jobs) ? reader.TableName("JOBS_TABLE", "the name of the jobs table") : "",
        EffectsTable = reader.OptionalTableName("EFFECTS_TABLE"),
    };
}
