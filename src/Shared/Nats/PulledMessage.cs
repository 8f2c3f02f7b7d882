using NATS.Client.JetStream;

namespace Relaybox.Nats;

/// <summary>A message that waits for its answer.</summary>
internal sealed class PulledMessage(INatsJSMsg<byte[]> message, NatsJSMsgMetadata metadata)
{
    private volatile bool _isSettled;

    internal INatsJSMsg<byte[]> Message { get; } = message;

    internal NatsJSMsgMetadata Metadata { get; } = metadata;

    /// <summary>Its group, once it is read.</summary>
    internal string? GroupId { get; set; }

    /// <summary>Whether its answer is on its way: nothing may be said of it after that.</summary>
    internal bool IsSettled
    {
        get => _isSettled;
        set => _isSettled = value;
    }
}
