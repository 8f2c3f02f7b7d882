using Relaybox.Local.Processes;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.Redis;

namespace Relaybox.Testing;

/// <summary>A real sentinel on loopback, which watches one primary.</summary>
public sealed class RedisSentinel : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("relaybox-sentinel-").FullName;
    private RedisProcess? _process;

    private RedisSentinel()
    {
    }

    public int Port => _process!.Port;

    /// <param name="name">How the primary is called.</param>
    /// <param name="primaryPort">Where it listens.</param>
    public static async Task<RedisSentinel> StartAsync(string name, int primaryPort)
    {
        var sentinel = new RedisSentinel();
        sentinel._process = await RedisProcess.StartSentinelAsync(
            NetworkPorts.Free(1)[0], sentinel._folder, name, primaryPort, CancellationToken.None);
        return sentinel;
    }

    public async ValueTask DisposeAsync()
    {
        await _process!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
