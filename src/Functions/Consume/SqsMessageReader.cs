using System.Globalization;
using Amazon.Lambda.SQSEvents;
using Amazon.SQS.Model;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Sqs;

namespace Relaybox.Functions.Consume;

/// <summary>Reads a queue message as an event.</summary>
internal static class SqsMessageReader
{
    /// <summary>Reads a message in the format that it names, or that its body shows.</summary>
    /// <exception cref="MessageFormatException">The message cannot be read.</exception>
    internal static InboxMessage Read(SQSEvent.SQSMessage record)
    {
        string? Find(string name) => record.MessageAttributes?.GetValueOrDefault(name)?.StringValue;
        var attributes = SqsAttributeMap.Read(Find);
        var outboxEvent = MessageFormats.Read(SqsAttributeMap.ReadBody(record.Body, Find), attributes);
        return new InboxMessage(outboxEvent)
        {
            MessageId = record.MessageId,
            GroupId = GroupId(record),
            PublishedAt = InboxMessage.Earlier(attributes.PublishedAt, SentAt(record)),
        };
    }

    private static DateTimeOffset? SentAt(SQSEvent.SQSMessage record) =>
        long.TryParse(record.Attributes?.GetValueOrDefault("SentTimestamp"), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    /// <summary>The message group, on a FIFO queue.</summary>
    internal static string? GroupId(SQSEvent.SQSMessage record) =>
        record.EventSourceArn?.EndsWith(".fifo", StringComparison.Ordinal) == true
            ? record.Attributes?.GetValueOrDefault("MessageGroupId")
            : null;

    /// <summary>The attributes as they are sent.</summary>
    internal static Dictionary<string, MessageAttributeValue> Attributes(SQSEvent.SQSMessage record) =>
        (record.MessageAttributes ?? []).Where(attribute => attribute.Value is not null).ToDictionary(
            attribute => attribute.Key,
            attribute => new MessageAttributeValue
            {
                DataType = attribute.Value.DataType,
                StringValue = attribute.Value.StringValue,
                BinaryValue = attribute.Value.BinaryValue,
            });
}
