using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

public interface INatsJSStream
{
    StreamInfo Info { get; }

    ValueTask RefreshAsync(CancellationToken cancellationToken = default);
}
