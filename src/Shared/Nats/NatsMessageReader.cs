using System.Globalization;
using NATS.Client.JetStream;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Nats;

/// <summary>Reads a stream's message as an event.</summary>
internal static class NatsMessageReader
{
    /// <exception cref="MessageFormatException">The message cannot be read.</exception>
    internal static InboxMessage Read(INatsJSMsg<byte[]> message, NatsJSMsgMetadata metadata)
    {
        if (message.Error is not null)
        {
            throw MessageFormatException.Unreadable("The message's headers cannot be read.");
        }

        var attributes = NatsHeaderMap.Read(message.Headers);
        var outboxEvent = MessageFormats.Read(message.Data ?? [], attributes);
        return new InboxMessage(outboxEvent)
        {
            MessageId = string.Create(CultureInfo.InvariantCulture, $"{metadata.Stream}:{metadata.Sequence.Stream}"),
            PublishedAt = InboxMessage.Earlier(attributes.PublishedAt, metadata.Timestamp),
            GroupId = outboxEvent.OrderingKey,
            Stream = metadata.Stream,
            StreamSequence = (long)metadata.Sequence.Stream,
        };
    }
}
