using System.Buffers;
using Relaybox.Events;
using Relaybox.Messaging.Formats;

namespace Relaybox.Messaging;

/// <summary>
/// How an event looks on the wire: a body, and attributes beside it. A publisher sends <see cref="Write"/> as the body and
/// carries everything of <see cref="AttributesOf"/>; a consumer gives both to <c>MessageFormats.Read</c>.
/// </summary>
internal interface IMessageFormat
{
    /// <summary>The format's name, as configured and as it travels with the message.</summary>
    string Name { get; }

    /// <summary>Writes an event as a message body: UTF-8, which can be empty.</summary>
    /// <param name="outboxEvent">The event; it keeps the row contract.</param>
    /// <param name="output">Where the body goes.</param>
    void Write(OutboxEvent outboxEvent, IBufferWriter<byte> output);

    /// <summary>What has to travel beside the body.</summary>
    /// <param name="outboxEvent">The event; it keeps the row contract.</param>
    MessageAttributes AttributesOf(OutboxEvent outboxEvent);

    /// <summary>Reads a message.</summary>
    /// <param name="body">The body as UTF-8. The event keeps nothing of it.</param>
    /// <param name="attributes">What came beside it.</param>
    /// <returns>The event. Whether it keeps the row contract is for the caller to check.</returns>
    /// <exception cref="MessageFormatException">The message is not of this format.</exception>
    OutboxEvent Read(ReadOnlyMemory<byte> body, MessageAttributes attributes);
}
