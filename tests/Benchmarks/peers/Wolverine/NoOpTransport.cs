using Wolverine.Transports;

namespace Relaybox.Benchmarks.Peers;

/// <summary>A broker in the process, with an address that is sent to and one that is listened to.</summary>
internal sealed class NoOpTransport(NoOpTarget target, NoOpSource source) : TransportBase<NoOpEndpoint>(NoOpEndpoint.Scheme, "No-op", [])
{
    protected override IEnumerable<NoOpEndpoint> endpoints() => [target, source];

    protected override NoOpEndpoint findEndpointByUri(Uri uri) => endpoints().Single(endpoint => endpoint.Uri == uri);
}
