using Relaybox.Inbox;

namespace Relaybox.Shared.Tests.Inbox;

/// <summary>A handler that does what a test says, and remembers what it got.</summary>
internal sealed class Handler<T>(Func<T, MessageContext, CancellationToken, Task> handle) : IMessageHandler<T>
{
    private readonly Lock _gate = new();
    private readonly List<string> _handled = [];

    internal Handler()
        : this((_, _, _) => Task.CompletedTask)
    {
    }

    /// <summary>The ids of the events that it was called for, in order.</summary>
    internal IReadOnlyList<string> Handled
    {
        get
        {
            lock (_gate)
            {
                return [.. _handled];
            }
        }
    }

    public Task HandleAsync(T message, MessageContext context, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _handled.Add(context.EventId);
        }

        return handle(message, context, cancellationToken);
    }
}
