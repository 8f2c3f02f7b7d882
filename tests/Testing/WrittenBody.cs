using System.Buffers;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Testing;

/// <summary>Message bodies on their own.</summary>
internal static class WrittenBody
{
    /// <summary>Writes an event as a message body.</summary>
    internal static ReadOnlyMemory<byte> Write(this IMessageFormat format, OutboxEvent outboxEvent)
    {
        var output = new ArrayBufferWriter<byte>();
        format.Write(outboxEvent, output);
        return output.WrittenMemory;
    }
}
