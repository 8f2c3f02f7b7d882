using System.Text;
using Amazon.Lambda.SQSEvents;
using Amazon.SQS.Model;
using Relaybox.Diagnostics;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Sqs;

namespace Relaybox.Functions.Consume;

/// <summary>Reads a queue message as an event.</summary>
internal static class SqsMessageReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a message in the format that it names; without a name, as an envelope.</summary>
    /// <exception cref="MessageFormatException">The message cannot be read.</exception>
    internal static InboxMessage Read(SQSEvent.SQSMessage record)
    {
        var format = MessageFormats.Get(Attribute(record, SqsAttributes.Format));
        var outboxEvent = format.Read(Body(record));
        if (Attribute(record, SqsAttributes.EventId) is { } id && id != outboxEvent.EventId)
        {
            throw new MessageFormatException(
                ErrorCodes.MessageUnreadable, "The message's attribute 'event-id' and its body name different events.");
        }

        return new InboxMessage(outboxEvent) { MessageId = record.MessageId, GroupId = GroupId(record) };
    }

    /// <summary>The message group, on a FIFO queue.</summary>
    internal static string? GroupId(SQSEvent.SQSMessage record) =>
        record.EventSourceArn?.EndsWith(".fifo", StringComparison.Ordinal) == true
            ? record.Attributes?.GetValueOrDefault("MessageGroupId")
            : null;

    /// <summary>The attributes as they are sent.</summary>
    internal static Dictionary<string, MessageAttributeValue> Attributes(SQSEvent.SQSMessage record) =>
        (record.MessageAttributes ?? []).ToDictionary(
            attribute => attribute.Key,
            attribute => new MessageAttributeValue
            {
                DataType = attribute.Value.DataType,
                StringValue = attribute.Value.StringValue,
                BinaryValue = attribute.Value.BinaryValue,
            });

    private static ReadOnlyMemory<byte> Body(SQSEvent.SQSMessage record)
    {
        try
        {
            return Attribute(record, SqsAttributes.Encoding) switch
            {
                null => StrictUtf8.GetBytes(record.Body ?? ""),
                SqsAttributes.Base64 => Convert.FromBase64String(record.Body ?? ""),
                _ => throw new MessageFormatException(
                    ErrorCodes.MessageFormatUnknown, "The message's encoding is unknown; known are base64 and none."),
            };
        }
        catch (Exception e) when (e is EncoderFallbackException || (e is FormatException and not MessageFormatException))
        {
            throw new MessageFormatException(ErrorCodes.MessageUnreadable, "The message's body is not text of its encoding.");
        }
    }

    private static string? Attribute(SQSEvent.SQSMessage record, string name) =>
        record.MessageAttributes?.GetValueOrDefault(name)?.StringValue;
}
