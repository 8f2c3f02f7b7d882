using Wolverine.Configuration;
using Wolverine.Runtime;
using Wolverine.Transports;
using Wolverine.Transports.Sending;

namespace Relaybox.Benchmarks.Peers;

/// <summary>An address of the broker.</summary>
internal abstract class NoOpEndpoint(string name) : Endpoint(new Uri($"{Scheme}://{name}"), EndpointRole.Application)
{
    public const string Scheme = "noop";

    public override ValueTask<IListener> BuildListenerAsync(IWolverineRuntime runtime, IReceiver receiver) =>
        throw new NotSupportedException("Nothing is received here.");

    protected override bool supportsMode(EndpointMode mode) => mode == EndpointMode.Durable;

    protected override ISender CreateSender(IWolverineRuntime runtime) => throw new NotSupportedException("Nothing is sent here.");
}
