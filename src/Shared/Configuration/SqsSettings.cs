using Relaybox.Messaging.Sqs;

namespace Relaybox.Configuration;

/// <summary>The queues, where the broker is SQS.</summary>
public sealed record SqsSettings
{
    /// <summary>The queue that events are sent to and taken from.</summary>
    public required SqsPublisherOptions Publisher { get; init; }

    /// <summary>The dead-letter queue's URL.</summary>
    public required string DeadLetterQueueUrl { get; init; }

    internal static SqsSettings Read(SettingsReader reader, FunctionNeeds needs) => new()
    {
        Publisher = new SqsPublisherOptions
        {
            QueueUrl = (needs & (FunctionNeeds.Publisher | FunctionNeeds.Consumer)) != 0
                ? reader.QueueUrl("QUEUE_URL", "the URL of the queue")
                : "",
            MaxBatchBytes = reader.Number("SQS_MAX_BATCH_BYTES", 1_048_576, 1_024, 1_048_576),
            Concurrency = reader.Number("PUBLISH_CONCURRENCY", 16, 1, 64),
        },
        DeadLetterQueueUrl = needs.HasFlag(FunctionNeeds.Consumer)
            ? reader.QueueUrl("DEAD_LETTER_QUEUE_URL", "the URL of the dead-letter queue")
            : "",
    };
}
