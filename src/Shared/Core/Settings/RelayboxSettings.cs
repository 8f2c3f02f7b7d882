using Microsoft.Extensions.Logging;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox.Relay;

namespace Relaybox.Settings;

/// <summary>Everything that is configured, read once at start from environment variables; see docs/configuration.md.</summary>
internal sealed record RelayboxSettings
{
    /// <summary>What the function cannot do without.</summary>
    public required FunctionNeeds Needs { get; init; }

    /// <summary>The store that was chosen. Null only while the settings that do not depend on it are read.</summary>
    public StoreSettings? Store { get; init; }

    /// <summary>The name of the broker that was chosen.</summary>
    public string BrokerName { get; init; } = "";

    /// <summary>The broker that was chosen; null: the function does not need it.</summary>
    public BrokerSettings? Broker { get; init; }

    /// <summary>The format in which events are sent.</summary>
    public required string MessageFormat { get; init; }

    /// <summary>The source that events have as CloudEvents.</summary>
    public required string CloudEventsSource { get; init; }

    /// <summary>The bytes that a batch may have with the memory of the function.</summary>
    public required long BatchBytes { get; init; }

    /// <summary>How the relay works.</summary>
    public required RelayOptions Relay { get; init; }

    /// <summary>The consumer of handlers that name none.</summary>
    public required string ConsumerName { get; init; }

    /// <summary>How the consumer works.</summary>
    public required ConsumerOptions Consumer { get; init; }

    /// <summary>Where large payloads are kept; null: the claim check is switched off.</summary>
    public ClaimCheckSettings? ClaimCheck { get; init; }

    /// <summary>What the scheduled jobs do.</summary>
    public required MaintenanceOptions Maintenance { get; init; }

    /// <summary>For how long a message can come back.</summary>
    public MessageHorizon Horizon { get; init; }

    /// <summary>The least severe messages that are logged.</summary>
    public required LogLevel LogLevel { get; init; }

    /// <summary>The CloudWatch namespace of the metrics.</summary>
    public required string MetricsNamespace { get; init; }

    /// <summary>Reads the settings of a function.</summary>
    /// <param name="get">Where the settings come from, by name.</param>
    /// <param name="needs">What the function cannot do without.</param>
    /// <param name="stores">The stores that can be chosen; the first is the default.</param>
    /// <param name="brokers">The brokers that can be chosen; the first is the default.</param>
    /// <exception cref="SettingsException">Something is wrong; the exception lists all of it.</exception>
    internal static RelayboxSettings Read(
        Func<string, string?> get, FunctionNeeds needs, IReadOnlyList<IStore> stores, IReadOnlyList<IBroker> brokers)
    {
        ArgumentNullException.ThrowIfNull(get);
        var reader = new SettingsReader(get);
        var store = reader.Choice(
            "STORE",
            stores[0],
            "Another store needs a build that contains it: add it to RelayboxStores in src/Functions/Stores.targets.",
            [.. stores.Select(choice => (choice.Name, choice))]);
        var broker = reader.Choice("BROKER", brokers[0], [.. brokers.Select(choice => (choice.Name, choice))]);
        var sentRetention = reader.Hours("SENT_RETENTION_HOURS", 168, 24, 87_600);
        var processedRetention = reader.Hours("PROCESSED_RETENTION_HOURS", 504, 1, 87_600);
        var batchBytes = FunctionMemory.BatchBytes(
            reader.Number(FunctionMemory.Variable, FunctionMemory.DefaultMegabytes, 128, 1_048_576), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        var relay = new RelayOptions
        {
            BatchSize = reader.Number("RELAY_BATCH_SIZE", 500, 1, 1_000),
            BatchBytes = batchBytes,
            Lease = reader.Seconds("RELAY_LEASE_SECONDS", 120, 5, 3_600),
            MaxAttempts = reader.Number("RELAY_MAX_ATTEMPTS", 10, 1, 1_000),
            Mode = reader.Choice("RELAY_MODE", RelayMode.Lease, ("lease", RelayMode.Lease), ("locked", RelayMode.Locked)),
        };
        if (relay.Mode == RelayMode.Locked && !store.Capabilities.LocksRows)
        {
            var others = string.Join(" or ", stores.Where(other => other.Capabilities.LocksRows).Select(other => other.Name));
            reader.Add(
                $"RELAY_MODE is locked, which STORE={store.Name} cannot do: "
                + $"it has no transaction that holds locks. Leave it out, or set STORE to {others}.");
        }

        var inboxLease = reader.Seconds("INBOX_LEASE_SECONDS", 60, 5, 43_200);
        var consumerName = ReadConsumerName(reader);
        var settings = new RelayboxSettings
        {
            Needs = needs,
            BrokerName = broker.Name,
            MessageFormat = ReadFormat(reader),
            CloudEventsSource = reader.Matching(
                "CLOUDEVENTS_SOURCE", CloudEventsFormat.DefaultSource, CloudEventsFormat.IsSource, "a URI reference, such as /shop/orders"),
            BatchBytes = batchBytes,
            Relay = relay,
            ConsumerName = consumerName,
            Consumer = new ConsumerOptions
            {
                Lease = inboxLease,
                RememberedFor = processedRetention,
                MaxAttempts = reader.Number("INBOX_MAX_ATTEMPTS", 5, 1, 1_000),
                Concurrency = reader.Number("HANDLER_CONCURRENCY", 10, 1, 1_000),
                PayloadBytes = batchBytes,
            },
            ClaimCheck = ClaimCheckSettings.Read(reader),
            Maintenance = new MaintenanceOptions
            {
                SentRetention = sentRetention,
                FailedRetention = reader.Hours("FAILED_RETENTION_HOURS", 0, 0, 87_600) is { Ticks: > 0 } failed ? failed : null,
                ProcessedRetention = processedRetention,
                InboxFailedRetention = reader.Hours("INBOX_FAILED_RETENTION_HOURS", 504, 1, 87_600),
                OperationRetention = reader.Hours("OPERATION_RETENTION_HOURS", 2_160, 24, 87_600),
                StaleAfter = reader.Seconds("STALE_AFTER_SECONDS", 60, 0, 86_400),
                ReconcileAfter = reader.Seconds("RECONCILE_AFTER_SECONDS", 300, 10, 86_400),
            },
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

        settings = settings with { Store = store.Read(reader, settings), Broker = broker.Read(reader, settings) };

        // Default: the retention that template.yaml gives its queues, 4 days, and 14 for the dead letters.
        var queueRetention = reader.Hours("QUEUE_RETENTION_HOURS", 432, 0, 87_600);
        settings = settings with
        {
            Horizon = settings.Broker?.Horizon
                ?? new MessageHorizon(queueRetention, "QUEUE_RETENTION_HOURS: queue and dead-letter queue together"),
        };
        if (needs.HasFlag(FunctionNeeds.Inbox) && settings.WhyForgetful() is { } why)
        {
            reader.Add(why);
        }

        reader.ThrowIfWrong();
        return settings;
    }

    /// <summary>Why the inbox forgets too soon; null: it remembers for as long as a message can come back.</summary>
    internal string? WhyForgetful() => WhyForgetful(Horizon);

    /// <inheritdoc cref="WhyForgetful()" />
    /// <param name="horizon">For how long a message can come back.</param>
    internal string? WhyForgetful(MessageHorizon horizon)
    {
        string?[] reasons =
        [
            Judge("PROCESSED_RETENTION_HOURS", Maintenance.ProcessedRetention, "duplicates will be handled again"),
            Judge(
                "INBOX_FAILED_RETENTION_HOURS",
                Maintenance.InboxFailedRetention,
                "a message whose attempts are used up will be given all of them again"),
        ];
        return reasons.Any(reason => reason is not null) ? string.Join(' ', reasons.Where(reason => reason is not null)) : null;

        string? Judge(string name, TimeSpan retention, string harm) => retention < horizon.Length
            ? $"{name} is {retention.TotalHours:0}, but a message can come back for {horizon.Length.TotalHours:0} hours "
                + $"({horizon.Reason}). Set it to at least that, or {harm}."
            : null;
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
