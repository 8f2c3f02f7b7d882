using System.Buffers;
using NATS.Client.Core;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Nats;

/// <summary>Writes an event into the client's own buffer, so that its body exists nowhere else.</summary>
internal sealed class NatsFormatSerializer(IMessageFormat format) : INatsSerialize<OutboxEvent>
{
    /// <inheritdoc />
    public void Serialize(IBufferWriter<byte> bufferWriter, OutboxEvent value) => format.Write(value, bufferWriter);
}
