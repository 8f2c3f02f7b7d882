using Relaybox.Settings;

namespace Relaybox.Postgres;

/// <summary>PostgreSQL, 15 or newer, as a store.</summary>
internal sealed class PostgresStore : IStore
{
    /// <inheritdoc />
    public string Name => "postgres";

    /// <inheritdoc />
    public StoreCapabilities Capabilities { get; } = new() { LocksRows = true };

    /// <inheritdoc />
    public StoreSettings Read(SettingsReader reader, RelayboxSettings settings) => PostgresSettings.Read(reader);
}
