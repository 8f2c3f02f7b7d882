using Amazon.SQS;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.Settings;

namespace Relaybox.Sqs;

/// <summary>The queues, where the broker is SQS.</summary>
internal sealed record SqsSettings : BrokerSettings
{
    private const int CallRetries = 3;

    // Well inside every function's timeout, so that a dead connection is given up while there is time to try again.
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(8);

    /// <summary>The queue that events are sent to and taken from.</summary>
    public required SqsPublisherOptions Publisher { get; init; }

    /// <summary>Whether an event that SNS or EventBridge wrapped is taken out of its wrapper.</summary>
    public required bool Unwraps { get; init; }

    /// <summary>The dead-letter queue's URL.</summary>
    public required string DeadLetterQueueUrl { get; init; }

    /// <inheritdoc />
    internal override bool Publishes => Publisher.QueueUrl.Length > 0;

    /// <inheritdoc />
    internal override bool? Consumes => Publisher.QueueUrl.Length == 0 ? null : DeadLetterQueueUrl.Length > 0;

    /// <inheritdoc />
    internal override int? MaxMessageBytes => Publisher.MaxBatchBytes;

    /// <inheritdoc />
    public override void AddServices(IServiceCollection services)
    {
        services.AddSingleton<IAmazonSQS>(_ => new AmazonSQSClient(
            new AmazonSQSConfig { Timeout = CallTimeout, MaxErrorRetry = CallRetries }));
        services.AddSingleton(Publisher);
        services.AddSingleton<IMessagePublisher, SqsMessagePublisher>();
        services.AddSingleton(new SqsReader(Unwraps));
        services.AddSingleton(provider => new SqsDeadLetters(provider.GetRequiredService<IAmazonSQS>(), DeadLetterQueueUrl));
        if (Publisher.QueueUrl.Length > 0 && DeadLetterQueueUrl.Length > 0)
        {
            services.AddSingleton<IDeadLetters>(CreateDeadLetters);
        }

        services.AddSingleton<IDoctorCheck>(provider => new SqsCheck(
            provider.GetRequiredService<IAmazonSQS>, this, provider.GetRequiredService<RelayboxSettings>()));
        services.AddSingleton(provider => new SqsVisibility(
            provider.GetRequiredService<IAmazonSQS>(), Publisher.QueueUrl, provider.GetRequiredService<ILogger<SqsVisibility>>()));
    }

    private SqsDeadLetterQueue CreateDeadLetters(IServiceProvider provider)
    {
        var sqs = provider.GetRequiredService<IAmazonSQS>();
        var visibility = new SqsVisibility(sqs, DeadLetterQueueUrl, provider.GetRequiredService<ILogger<SqsVisibility>>());
        return new SqsDeadLetterQueue(
            sqs, Publisher.QueueUrl, DeadLetterQueueUrl, new SqsReader(Unwraps), visibility, provider.GetRequiredService<TimeProvider>());
    }

    internal static SqsSettings Read(SettingsReader reader, FunctionNeeds needs) => new()
    {
        Publisher = new SqsPublisherOptions
        {
            QueueUrl = ReadQueueUrl(
                reader, needs, FunctionNeeds.Publisher | FunctionNeeds.Consumer | FunctionNeeds.DeadLetters, "QUEUE_URL", "the URL of the queue"),
            MaxBatchBytes = reader.Number("SQS_MAX_BATCH_BYTES", SqsPublisherOptions.MaxMessageBytes, 1_024, SqsPublisherOptions.MaxMessageBytes),
            Concurrency = reader.Number("PUBLISH_CONCURRENCY", 16, 1, 64),
            MessageGroup = reader.Matching(
                "SQS_MESSAGE_GROUP",
                SqsPublisherOptions.NoGroup,
                SqsPublisherOptions.IsMessageGroup,
                "none, ordering-key, or header: and the name of a header"),
        },
        Unwraps = reader.Choice("SQS_UNWRAP", true, ("true", true), ("false", false)),
        DeadLetterQueueUrl = ReadQueueUrl(
            reader, needs, FunctionNeeds.Consumer | FunctionNeeds.DeadLetters, "DEAD_LETTER_QUEUE_URL", "the URL of the dead-letter queue"),
    };

    // Empty where nobody needs it, and where who only looks at it does not find it.
    private static string ReadQueueUrl(SettingsReader reader, FunctionNeeds needs, FunctionNeeds required, string name, string meaning) =>
        (needs & required) != 0 ? reader.QueueUrl(name, meaning)
        : needs.HasFlag(FunctionNeeds.Diagnosis) ? reader.QueueUrl(name, meaning, isRequired: false)
        : "";
}
