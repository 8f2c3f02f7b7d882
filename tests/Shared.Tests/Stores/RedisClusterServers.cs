using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A cluster for the tests of one class, with a connection.</summary>
public sealed class RedisClusterServers : IAsyncLifetime
{
    private RedisCluster? _cluster;
    private ConnectionMultiplexer? _multiplexer;

    public RedisCluster Cluster => _cluster ?? throw new InvalidOperationException("The cluster has not been started.");

    public IConnectionMultiplexer Multiplexer => _multiplexer ?? throw new InvalidOperationException("The cluster has not been started.");

    public async ValueTask InitializeAsync()
    {
        _cluster = await RedisCluster.StartAsync();
        _multiplexer = await ConnectionMultiplexer.ConnectAsync($"{_cluster.Addresses},allowAdmin=true,abortConnect=false");
    }

    public async ValueTask DisposeAsync()
    {
        if (_multiplexer is not null)
        {
            await _multiplexer.DisposeAsync();
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }
}
