using Microsoft.Extensions.Logging;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Messaging;
using Relaybox.Messaging.Sqs;
using Relaybox.Outbox;
using Relaybox.Stores.DynamoDb;

namespace Relaybox.Configuration;

/// <summary>Everything that is configured, read once at start from environment variables; see docs/configuration.md.</summary>
public sealed record RelayboxSettings
{
    /// <summary>The outbox table.</summary>
    public required DynamoDbOutboxOptions Outbox { get; init; }

    /// <summary>The inbox table.</summary>
    public required DynamoDbInboxOptions Inbox { get; init; }

    /// <summary>The jobs table's name.</summary>
    public required string JobsTable { get; init; }

    /// <summary>The queue that events are sent to and taken from.</summary>
    public required SqsPublisherOptions Sqs { get; init; }

    /// <summary>The dead-letter queue's URL.</summary>
    public required string DeadLetterQueueUrl { get; init; }

    /// <summary>The format in which events are sent.</summary>
    public required string MessageFormat { get; init; }

    /// <summary>How the relay works.</summary>
    public required RelayOptions Relay { get; init; }

    /// <summary>The consumer of handlers that name none.</summary>
    public required string ConsumerName { get; init; }

    /// <summary>How the consumer works.</summary>
    public required ConsumerOptions Consumer { get; init; }

    /// <summary>What the scheduled jobs do.</summary>
    public required MaintenanceOptions Maintenance { get; init; }

    /// <summary>The example handler's table; null where the example is not deployed.</summary>
    public string? EffectsTable { get; init; }

    /// <summary>The least severe messages that are logged.</summary>
    public required LogLevel LogLevel { get; init; }

    /// <summary>The CloudWatch namespace of the metrics.</summary>
    public required string MetricsNamespace { get; init; }

    /// <summary>Reads the settings of a function.</summary>
    /// <param name="get">Where the settings come from, by name.</param>
    /// <param name="needs">What the function cannot do without.</param>
    /// <exception cref="SettingsException">Something is wrong; the exception lists all of it.</exception>
    public static RelayboxSettings Read(Func<string, string?> get, FunctionNeeds needs)
    {
        ArgumentNullException.ThrowIfNull(get);
        var reader = new SettingsReader(get);
        reader.Choice("OUTBOX_STORE", "dynamodb", ("dynamodb", "dynamodb"));
        reader.Choice("BROKER", "sqs", ("sqs", "sqs"));
        var sentRetention = reader.Hours("SENT_RETENTION_HOURS", 168, 24, 87_600);
        var processedRetention = reader.Hours("PROCESSED_RETENTION_HOURS", 504, 1, 87_600);
        var settings = new RelayboxSettings
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
                TableName = Any(FunctionNeeds.Inbox) ? reader.TableName("INBOX_TABLE", "the name of the inbox table") : "",
                ProcessedRetention = processedRetention,
            },
            JobsTable = Any(FunctionNeeds.Jobs) ? reader.TableName("JOBS_TABLE", "the name of the jobs table") : "",
            Sqs = new SqsPublisherOptions
            {
                QueueUrl = Any(FunctionNeeds.Publisher | FunctionNeeds.Consumer)
                    ? reader.QueueUrl("QUEUE_URL", "the URL of the queue")
                    : "",
                MaxBatchBytes = reader.Number("SQS_MAX_BATCH_BYTES", 1_048_576, 1_024, 1_048_576),
                Concurrency = reader.Number("PUBLISH_CONCURRENCY", 8, 1, 64),
            },
            DeadLetterQueueUrl = Any(FunctionNeeds.Consumer)
                ? reader.QueueUrl("DEAD_LETTER_QUEUE_URL", "the URL of the dead-letter queue")
                : "",
            MessageFormat = ReadFormat(reader),
            Relay = new RelayOptions
            {
                BatchSize = reader.Number("RELAY_BATCH_SIZE", 500, 1, 1_000),
                Lease = reader.Seconds("RELAY_LEASE_SECONDS", 120, 5, 3_600),
                MaxAttempts = reader.Number("RELAY_MAX_ATTEMPTS", 10, 1, 1_000),
            },
            ConsumerName = ReadConsumerName(reader),
            Consumer = new ConsumerOptions
            {
                Lease = reader.Seconds("INBOX_LEASE_SECONDS", 60, 5, 43_200),
                MaxAttempts = reader.Number("INBOX_MAX_ATTEMPTS", 5, 1, 1_000),
                Concurrency = reader.Number("HANDLER_CONCURRENCY", 10, 1, 1_000),
            },
            Maintenance = new MaintenanceOptions
            {
                SentRetention = sentRetention,
                FailedRetention = reader.Hours("FAILED_RETENTION_HOURS", 0, 0, 87_600) is { Ticks: > 0 } failed ? failed : null,
                ProcessedRetention = processedRetention,
                StaleAfter = reader.Seconds("STALE_AFTER_SECONDS", 60, 0, 86_400),
                ReconcileAfter = reader.Seconds("RECONCILE_AFTER_SECONDS", 300, 10, 86_400),
            },
            EffectsTable = reader.Optional("EFFECTS_TABLE"),
            LogLevel = reader.Choice(
                "LOG_LEVEL",
                LogLevel.Information,
                ("Trace", LogLevel.Trace),
                ("Debug", LogLevel.Debug),
                ("Information", LogLevel.Information),
                ("Warning", LogLevel.Warning),
                ("Error", LogLevel.Error)),
            MetricsNamespace = reader.Optional("METRICS_NAMESPACE") ?? "Relaybox",
        };

        var queueRetention = reader.Hours("QUEUE_RETENTION_HOURS", 0, 0, 87_600);
        if (Any(FunctionNeeds.Inbox) && processedRetention < queueRetention)
        {
            reader.Add(
                $"PROCESSED_RETENTION_HOURS is {processedRetention.TotalHours:0}, but a message can come back for {queueRetention.TotalHours:0} hours "
                + "(QUEUE_RETENTION_HOURS: queue and dead-letter queue together). Set it to at least that, or duplicates will be handled again.");
        }

        reader.ThrowIfWrong();
        return settings;

        bool Any(FunctionNeeds some) => (needs & some) != 0;
    }

    private static string ReadFormat(SettingsReader reader)
    {
        var name = reader.Optional("MESSAGE_FORMAT") ?? EnvelopeFormat.FormatName;
        if (!MessageFormats.Names.Contains(name))
        {
            reader.Add($"MESSAGE_FORMAT is not a known format. Set it to one of: {string.Join(", ", MessageFormats.Names)}.");
        }

        return name;
    }

    private static string ReadConsumerName(SettingsReader reader)
    {
        var name = reader.Optional("CONSUMER_NAME") ?? "default";
        if (name.Length > 255 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.')))
        {
            reader.Add("CONSUMER_NAME is not a consumer's name. Set it to at most 255 letters, digits, '_', '-' or '.'.");
        }

        return name;
    }
}
