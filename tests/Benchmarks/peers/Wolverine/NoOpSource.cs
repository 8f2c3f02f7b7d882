using Wolverine;
using Wolverine.Configuration;
using Wolverine.Runtime;
using Wolverine.Transports;

namespace Relaybox.Benchmarks.Peers;

/// <summary>What is listened to: it delivers what it is told to, in batches, into the durable inbox.</summary>
internal sealed class NoOpSource : NoOpEndpoint
{
    private NoOpListener? _listener;
    private IReceiver? _receiver;

    /// <param name="concurrency">How many messages are handled at once.</param>
    public NoOpSource(int concurrency)
        : base("source")
    {
        IsListener = true;
        Mode = EndpointMode.Durable;
        MaxDegreeOfParallelism = concurrency;
    }

    public override ValueTask<IListener> BuildListenerAsync(IWolverineRuntime runtime, IReceiver receiver)
    {
        _receiver = receiver;
        _listener = new NoOpListener(Uri);
        return ValueTask.FromResult<IListener>(_listener);
    }

    /// <summary>Delivers a batch. It ends when all of it is in the inbox.</summary>
    public ValueTask DeliverAsync(Envelope[] batch) => _receiver!.ReceivedAsync(_listener!, batch);

    private sealed class NoOpListener(Uri address) : IListener
    {
        public Uri Address => address;

        public IHandlerPipeline? Pipeline => null;

        public ValueTask CompleteAsync(Envelope envelope) => ValueTask.CompletedTask;

        public ValueTask DeferAsync(Envelope envelope) => ValueTask.CompletedTask;

        public ValueTask StopAsync() => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
