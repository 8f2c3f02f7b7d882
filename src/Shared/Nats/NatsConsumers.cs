using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Diagnostics;

namespace Relaybox.Nats;

/// <summary>Creates durable consumers for pulling, or sees to it that those that exist are as they have to be.</summary>
/// <param name="connector">The connection.</param>
/// <param name="logger">The log.</param>
internal sealed class NatsConsumers(NatsConnector connector, ILogger<NatsConsumers> logger)
{
    private const int NotFound = 404;

    /// <summary>Creates the consumer, or checks the one that exists and changes what can be changed.</summary>
    /// <param name="options">What is pulled, and how.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it was created or changed.</returns>
    /// <exception cref="NatsSetupException">The stream does not exist, or the consumer is of another kind.</exception>
    public async Task<bool> EnsureAsync(NatsPullOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            var session = await connector.OpenAsync(cancellationToken);
            return await session.RunAsync(ct => EnsureAsync(session.JetStream, options, ct), cancellationToken);
        }
        catch (NatsException e)
        {
            throw new NatsSetupException(
                $"The consumer '{options.Consumer}' of the stream '{options.Stream}' could not be set up: {ErrorText.Bound(e.Message)}", e);
        }
    }

    private async Task<bool> EnsureAsync(NatsJSContext context, NatsPullOptions options, CancellationToken cancellationToken)
    {
        await RequireStreamAsync(context, options, cancellationToken);
        var existing = await FindAsync(context, options, cancellationToken);
        if (existing is not null && !CanBePulled(existing))
        {
            throw new NatsSetupException(
                $"The consumer '{options.Consumer}' of the stream '{options.Stream}' is not one "
                + "to pull from with explicit acknowledgements. Delete it, or use another name.");
        }

        if (existing is not null && Compare(existing, options).Count == 0)
        {
            return false;
        }

        await context.CreateOrUpdateConsumerAsync(options.Stream, ToConfig(existing, options), cancellationToken);
        Log.ConsumerChanged(logger, options.Consumer, options.Stream, existing is null ? "created" : "changed");
        return true;
    }

    private static async Task RequireStreamAsync(NatsJSContext context, NatsPullOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var stream = await context.GetStreamAsync(options.Stream, cancellationToken: cancellationToken);
            if ((stream.Info.Config.Subjects ?? []).Any(subject => NatsSubjects.Covers(subject, $"{options.DeadLetterPrefix}.>")))
            {
                throw new NatsSetupException(
                    $"The stream '{options.Stream}' takes '{options.DeadLetterPrefix}.>' itself: "
                    + "its dead letters would come back as messages. Use another prefix.");
            }
        }
        catch (NatsJSApiException e) when (e.Error.Code == NotFound)
        {
            throw new NatsSetupException($"The stream '{options.Stream}' does not exist. Create it first.", e);
        }
    }

    /// <summary>The consumer's configuration; null: it does not exist.</summary>
    internal static async Task<ConsumerConfig?> FindAsync(
        NatsJSContext context, NatsPullOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return (await context.GetConsumerAsync(options.Stream, options.Consumer, cancellationToken)).Info.Config;
        }
        catch (NatsJSApiException e) when (e.Error.Code == NotFound)
        {
            return null;
        }
    }

    /// <summary>Whether the consumer is one to pull from, whose messages are acknowledged one by one.</summary>
    internal static bool CanBePulled(ConsumerConfig config) =>
        config is { DeliverSubject: null or "", AckPolicy: ConsumerConfigAckPolicy.Explicit };

    /// <summary>What of a consumer is other than it has to be.</summary>
    internal static IReadOnlyList<string> Compare(ConsumerConfig config, NatsPullOptions options)
    {
        var differences = new List<string>();
        if (config.AckWait != options.AckWait)
        {
            differences.Add($"it sends a message again after {config.AckWait} without an answer instead of {options.AckWait} (ack_wait)");
        }

        if (config.MaxDeliver > 0)
        {
            differences.Add($"it gives up on a message after {config.MaxDeliver} deliveries (max_deliver), which loses it");
        }

        if (config.MaxAckPending != options.MaxAckPending)
        {
            differences.Add($"it lets {config.MaxAckPending} messages be unanswered instead of {options.MaxAckPending} (max_ack_pending)");
        }

        if ((config.FilterSubject ?? "") != (options.FilterSubject ?? ""))
        {
            differences.Add($"it gets the subject '{config.FilterSubject}' instead of {Filter(options)} (filter_subject)");
        }

        return differences;

        static string Filter(NatsPullOptions options) => options.FilterSubject is { Length: > 0 } filter ? $"'{filter}'" : "all";
    }

    private static ConsumerConfig ToConfig(ConsumerConfig? existing, NatsPullOptions options) =>
        (existing ?? new ConsumerConfig(options.Consumer) { DeliverPolicy = ConsumerConfigDeliverPolicy.All }) with
        {
            Name = options.Consumer,
            DurableName = options.Consumer,
            AckPolicy = ConsumerConfigAckPolicy.Explicit,
            AckWait = options.AckWait,

            // The inbox counts attempts; a message that the server gives up on would be lost without a word.
            MaxDeliver = -1,
            MaxAckPending = options.MaxAckPending,
            FilterSubject = options.FilterSubject,
        };
}
