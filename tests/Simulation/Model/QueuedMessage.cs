using Amazon.SQS.Model;

namespace Relaybox.Simulation.Model;

/// <summary>A message on a model queue.</summary>
internal sealed class QueuedMessage(string messageId, string body, Dictionary<string, MessageAttributeValue> attributes)
{
    internal string MessageId { get; } = messageId;

    internal string Body { get; } = body;

    internal Dictionary<string, MessageAttributeValue> Attributes { get; } = attributes;

    /// <summary>The message group; null: the queue is no FIFO queue.</summary>
    internal string? GroupId { get; init; }

    internal DateTimeOffset SentAt { get; init; }

    internal DateTimeOffset VisibleAt { get; set; }

    internal int Receives { get; set; }

    /// <summary>The last delivery's: only it can change the visibility.</summary>
    internal string ReceiptHandle => $"{MessageId}/{Receives}";

    internal string? Attribute(string name) => Attributes.GetValueOrDefault(name)?.StringValue;
}
