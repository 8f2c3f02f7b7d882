using Relaybox.Outbox;

namespace Relaybox.Messaging;

/// <summary>How an event looks on the wire.</summary>
public interface IMessageFormat
{
    /// <summary>The format's name, as configured and as it travels with the message.</summary>
    string Name { get; }

    /// <summary>Writes an event as a message body.</summary>
    /// <param name="outboxEvent">The event; it keeps the row contract.</param>
    /// <returns>The body as UTF-8.</returns>
    ReadOnlyMemory<byte> Write(OutboxEvent outboxEvent);

    /// <summary>Reads a message body.</summary>
    /// <param name="body">The body as UTF-8.</param>
    /// <returns>The event.</returns>
    /// <exception cref="MessageFormatException">The body is not of this format.</exception>
    OutboxEvent Read(ReadOnlyMemory<byte> body);
}
