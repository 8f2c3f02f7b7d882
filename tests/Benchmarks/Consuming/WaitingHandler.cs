using Relaybox.Inbox;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>A handler that waits for something.</summary>
internal sealed class WaitingHandler(TimeSpan time) : IMessageHandler<string>
{
    public Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken) => Task.Delay(time, cancellationToken);
}
