using System.Buffers;

namespace NATS.Client.Core;

public interface INatsSerialize<in T>
{
    void Serialize(IBufferWriter<byte> bufferWriter, T value);
}
