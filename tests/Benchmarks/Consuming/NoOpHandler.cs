using Relaybox.Inbox;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>A handler that takes no time and enlists nothing.</summary>
internal sealed class NoOpHandler : IMessageHandler<string>
{
    public Task HandleAsync(string message, MessageContext context, CancellationToken cancellationToken) => Task.CompletedTask;
}
