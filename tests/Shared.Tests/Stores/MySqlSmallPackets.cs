using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A server that takes small statements alone.</summary>
public sealed class MySqlSmallPackets : IAsyncLifetime
{
    public const int Limit = 128 * 1024;

    public MySqlServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await MySqlServer.StartAsync(null, null, $"max_allowed_packet = {Limit}");

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
