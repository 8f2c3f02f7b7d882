using System.Buffers;

namespace NATS.Client.Core;

public interface INatsDeserialize<out T>
{
    T? Deserialize(in ReadOnlySequence<byte> buffer);
}
