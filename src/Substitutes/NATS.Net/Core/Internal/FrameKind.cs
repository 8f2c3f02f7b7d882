namespace NATS.Client.Core.Internal;

internal enum FrameKind
{
    Info,
    Message,
    Ping,
    Pong,
    Ok,
    Error,
}
