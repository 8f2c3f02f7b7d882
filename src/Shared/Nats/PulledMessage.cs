using System.Globalization;
using NATS.Client.JetStream;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Nats;

/// <summary>A message as a stream's consumer delivered it, which waits for its answer.</summary>
internal sealed class PulledMessage(INatsJSMsg<byte[]> message, NatsJSMsgMetadata metadata, NatsSession session, NatsDeadLetters deadLetters)
    : IDelivery
{
    private volatile bool _isSettled;

    /// <inheritdoc />
    public string MessageId => Name(Metadata);

    internal INatsJSMsg<byte[]> Message { get; } = message;

    internal long Bytes => Message.Data?.Length ?? 0;

    internal NatsJSMsgMetadata Metadata { get; } = metadata;

    /// <summary>Whether its answer is on its way: nothing may be said of it after that.</summary>
    internal bool IsSettled
    {
        get => _isSettled;
        set => _isSettled = value;
    }

    /// <inheritdoc />
    public InboxMessage Read() => Read(Message, Metadata, session.MaxPayload);

    /// <inheritdoc />
    public Task CopyToDeadLettersAsync(MessageOutcome.DeadLetter dead, CancellationToken cancellationToken) =>
        deadLetters.SendAsync(session, Message, Metadata, dead, cancellationToken);

    /// <summary>Reads a message in the format that it names, or that its body shows.</summary>
    /// <exception cref="MessageFormatException">The message cannot be read.</exception>
    internal static InboxMessage Read(
        INatsJSMsg<byte[]> message, NatsJSMsgMetadata metadata, int mostBytes = NatsSession.DefaultMaxPayload)
    {
        if (message.Error is not null)
        {
            throw MessageFormatException.Unreadable("The message's headers cannot be read.");
        }

        var attributes = NatsHeaderMap.Read(message.Headers);
        var outboxEvent = MessageFormats.Read(Body(message, mostBytes), attributes);
        return new InboxMessage(outboxEvent)
        {
            MessageId = Name(metadata),
            PublishedAt = InboxMessage.Earlier(attributes.PublishedAt, metadata.Timestamp),
            GroupId = outboxEvent.OrderingKey,
            Stream = metadata.Stream,
            StreamSequence = (long)metadata.Sequence.Stream,
        };
    }

    // As it was before it became a dead letter.
    private static byte[] Body(INatsJSMsg<byte[]> message, int mostBytes)
    {
        if (NatsHeaderMap.Find(message.Headers, NatsHeaderNames.Cut) is not null)
        {
            throw MessageFormatException.Unreadable(
                "The message is a dead letter whose body was cut; only the stream that it came from has it whole.");
        }

        var body = message.Data ?? [];
        return NatsHeaderMap.Find(message.Headers, NatsHeaderNames.Encoding) switch
        {
            null => body,
            NatsHeaderNames.Compressed => Gzip.Decompress(body, mostBytes),
            _ => throw new MessageFormatException(
                ErrorCodes.MessageFormatUnknown, $"The message's encoding is unknown; known are {NatsHeaderNames.Compressed} and none."),
        };
    }

    private static string Name(NatsJSMsgMetadata metadata) =>
        string.Create(CultureInfo.InvariantCulture, $"{metadata.Stream}:{metadata.Sequence.Stream}");
}
