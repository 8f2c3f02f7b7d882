using NATS.Client.Core;

namespace NATS.Client.JetStream;

public interface INatsJSMsg<out T>
{
    string Subject { get; }

    int Size { get; }

    NatsHeaders? Headers { get; }

    T? Data { get; }

    NatsJSMsgMetadata? Metadata { get; }

    string? ReplyTo { get; }

    NatsException? Error { get; }

    ValueTask AckAsync(AckOpts? opts = default, CancellationToken cancellationToken = default);

    ValueTask NakAsync(AckOpts? opts = default, TimeSpan delay = default, CancellationToken cancellationToken = default);

    ValueTask AckProgressAsync(AckOpts? opts = default, CancellationToken cancellationToken = default);

    ValueTask AckTerminateAsync(AckOpts? opts = default, CancellationToken cancellationToken = default);
}
