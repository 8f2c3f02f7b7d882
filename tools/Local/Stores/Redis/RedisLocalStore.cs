namespace Relaybox.Local.Stores.Redis;

/// <summary>Redis: a real server with its append-only file in a temporary folder.</summary>
internal sealed class RedisLocalStore : ILocalStore
{
    public string Name => "redis";

    public IReadOnlyList<string> Ports => ["Redis"];

    public StoreRun Create(IReadOnlyList<int> ports) => new RedisRun(ports[0]);
}
