using Relaybox.Events;

namespace Relaybox.Sqs;

/// <summary>How events are sent to a queue.</summary>
internal sealed record SqsPublisherOptions
{
    /// <summary>The most bytes of a message that SQS takes, with attributes.</summary>
    internal const int MaxMessageBytes = 1_048_576;

    internal const string NoGroup = "none";

    private const string KeyGroup = "ordering-key";
    private const string HeaderGroup = "header:";

    /// <summary>The queue's URL. A name that ends in <c>.fifo</c> makes it a FIFO queue.</summary>
    public required string QueueUrl { get; init; }

    /// <summary>The most bytes of one SendMessageBatch call and of one message, with attributes. Default: 1,048,576.</summary>
    public int MaxBatchBytes { get; init; } = MaxMessageBytes;

    /// <summary>
    /// How many calls are in flight at once. Default: 16. On a FIFO queue it is 1, to keep the order, but where the relay gives
    /// out the next row of a key only after the one before it was accepted.
    /// </summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>
    /// What a message's group is on a queue that is not FIFO, so that SQS shares its consumers fairly among the groups:
    /// <c>none</c>, <c>ordering-key</c>, or <c>header:NAME</c>. Default: none. An event without the key or the header has no group.
    /// </summary>
    public string MessageGroup { get; init; } = NoGroup;

    /// <summary>Whether the queue is a FIFO queue.</summary>
    public bool IsFifo => QueueUrl.EndsWith(".fifo", StringComparison.Ordinal);

    /// <summary>Whether a text can be <see cref="MessageGroup"/>.</summary>
    internal static bool IsMessageGroup(string text) =>
        text is NoGroup or KeyGroup || (text.StartsWith(HeaderGroup, StringComparison.Ordinal) && text.Length > HeaderGroup.Length);

    /// <summary>The group of an event, as the app wrote it; null: it has none.</summary>
    internal string? GroupOf(OutboxEvent outboxEvent) =>
        IsFifo ? outboxEvent.OrderingKey ?? outboxEvent.EventId
        : MessageGroup == KeyGroup ? outboxEvent.OrderingKey
        : MessageGroup == NoGroup ? null
        : outboxEvent.Headers.GetValueOrDefault(MessageGroup[HeaderGroup.Length..]);
}
