using DotNetCore.CAP;
using DotNetCore.CAP.Internal;
using DotNetCore.CAP.Messages;
using DotNetCore.CAP.Transport;

namespace Relaybox.Benchmarks.Peers;

/// <summary>A broker that acknowledges at once, and counts.</summary>
internal sealed class NoOpTransport(Countdown sent) : ITransport
{
    public BrokerAddress BrokerAddress => new("noop", "memory");

    public Task<OperateResult> SendAsync(TransportMessage message)
    {
        sent.Take();
        return Task.FromResult(OperateResult.Success);
    }
}

/// <summary>CAP asks for one as it starts. Nothing is consumed here.</summary>
internal sealed class NoConsumers : IConsumerClientFactory
{
    public Task<IConsumerClient> CreateAsync(string groupName, byte groupConcurrent) =>
        throw new NotSupportedException("There is nothing to consume.");
}
