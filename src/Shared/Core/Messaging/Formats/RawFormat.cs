using System.Buffers;
using System.Text;
using Relaybox.Events;

namespace Relaybox.Messaging.Formats;

/// <summary>The body is the payload, byte for byte; everything else of the event travels beside it.</summary>
internal sealed class RawFormat : IMessageFormat
{
    /// <summary>The name of the format.</summary>
    public const string FormatName = "raw";

    /// <inheritdoc />
    public string Name => FormatName;

    /// <inheritdoc />
    public void Write(OutboxEvent outboxEvent, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        Encoding.UTF8.GetBytes(outboxEvent.Payload, output);
    }

    /// <inheritdoc />
    public MessageAttributes AttributesOf(OutboxEvent outboxEvent)
    {
        ArgumentNullException.ThrowIfNull(outboxEvent);
        return MessageAttributes.Naming(outboxEvent, FormatName) with
        {
            OrderingKey = outboxEvent.OrderingKey,
            EnqueuedAt = outboxEvent.EnqueuedAt,
            Result = outboxEvent.Result,
            Headers = outboxEvent.Headers,
        };
    }

    /// <inheritdoc />
    public OutboxEvent Read(ReadOnlyMemory<byte> body, MessageAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        return new OutboxEvent
        {
            EventId = attributes.EventId ?? throw Missing("event id"),
            Subject = attributes.Subject ?? throw Missing("subject"),
            Payload = Utf8.Read(body.Span),
            OrderingKey = attributes.OrderingKey,
            EnqueuedAt = attributes.EnqueuedAt,
            Result = attributes.Result,
            Headers = attributes.Headers,
        };
    }

    private static MessageFormatException Missing(string what) => MessageFormatException.Unreadable(
        $"The message has no attribute with its {what}, which the format '{FormatName}' keeps beside the body.");
}
