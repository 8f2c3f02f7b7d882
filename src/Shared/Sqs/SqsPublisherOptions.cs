namespace Relaybox.Sqs;

/// <summary>How events are sent to a queue.</summary>
internal sealed record SqsPublisherOptions
{
    /// <summary>The most bytes of a message that SQS takes, with attributes.</summary>
    internal const int MaxMessageBytes = 1_048_576;

    /// <summary>The queue's URL. A name that ends in <c>.fifo</c> makes it a FIFO queue.</summary>
    public required string QueueUrl { get; init; }

    /// <summary>The most bytes of one SendMessageBatch call and of one message, with attributes. Default: 1,048,576.</summary>
    public int MaxBatchBytes { get; init; } = MaxMessageBytes;

    /// <summary>
    /// How many calls are in flight at once. Default: 16. On a FIFO queue it is 1, to keep the order, but where the relay gives
    /// out the next row of a key only after the one before it was accepted.
    /// </summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>Whether the queue is a FIFO queue.</summary>
    public bool IsFifo => QueueUrl.EndsWith(".fifo", StringComparison.Ordinal);
}
