using Microsoft.Extensions.Logging.Abstractions;
using Wolverine;
using Wolverine.Configuration;
using Wolverine.Runtime;
using Wolverine.Transports;
using Wolverine.Transports.Sending;

namespace Relaybox.Benchmarks.Peers;

/// <summary>A broker in the process, with one address: it acknowledges batches at once, and counts.</summary>
internal sealed class NoOpTransport : TransportBase<NoOpEndpoint>
{
    public const string Scheme = "noop";

    private readonly NoOpEndpoint _endpoint;

    public NoOpTransport(Countdown sent)
        : base(Scheme, "No-op", [])
    {
        _endpoint = new NoOpEndpoint(sent);
    }

    protected override IEnumerable<NoOpEndpoint> endpoints() => [_endpoint];

    protected override NoOpEndpoint findEndpointByUri(Uri uri) => _endpoint;
}

/// <summary>Its address. It sends in batches, as Wolverine's transports for brokers with batches do.</summary>
internal sealed class NoOpEndpoint(Countdown sent) : Endpoint(Address, EndpointRole.Application)
{
    public static readonly Uri Address = new($"{NoOpTransport.Scheme}://orders");

    public override ValueTask<IListener> BuildListenerAsync(IWolverineRuntime runtime, IReceiver receiver) =>
        throw new NotSupportedException("Nothing is received here.");

    protected override bool supportsMode(EndpointMode mode) => mode != EndpointMode.Inline;

    protected override ISender CreateSender(IWolverineRuntime runtime) =>
        new BatchedSender(this, new Protocol(sent), runtime.Cancellation, NullLogger.Instance);

    private sealed class Protocol(Countdown sent) : ISenderProtocol
    {
        public async Task SendBatchAsync(ISenderCallback callback, OutgoingMessageBatch batch)
        {
            await callback.MarkSuccessfulAsync(batch);
            sent.Take(batch.Messages.Count);
        }
    }
}
