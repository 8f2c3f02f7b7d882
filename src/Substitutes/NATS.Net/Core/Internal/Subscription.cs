using System.Threading.Channels;

namespace NATS.Client.Core.Internal;

/// <summary>A subject of its own for the answers to one pull.</summary>
internal sealed class Subscription(long sid, string subject)
{
    private readonly Channel<ReceivedMessage> _messages = Channel.CreateUnbounded<ReceivedMessage>(
        new UnboundedChannelOptions { SingleReader = true });

    internal long Sid { get; } = sid;

    internal string Subject { get; } = subject;

    internal ChannelReader<ReceivedMessage> Messages => _messages.Reader;

    internal void Add(ReceivedMessage message) => _messages.Writer.TryWrite(message);

    internal void Complete() => _messages.Writer.TryComplete();
}
