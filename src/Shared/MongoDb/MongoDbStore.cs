using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>MongoDB, 6.0 or newer, as a replica set or a sharded cluster, as a store.</summary>
internal sealed class MongoDbStore : IStore
{
    /// <inheritdoc />
    public string Name => "mongodb";

    /// <inheritdoc />
    public StoreCapabilities Capabilities { get; } = new();

    /// <inheritdoc />
    public StoreSettings Read(SettingsReader reader, RelayboxSettings settings) => MongoDbSettings.Read(reader);
}
