using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.Postgres;

/// <summary>PostgreSQL, 15 or newer, as a store.</summary>
internal sealed class PostgresStore : IStore
{
    /// <inheritdoc />
    public string Name => "postgres";

    /// <inheritdoc />
    public StoreCapabilities Capabilities { get; } = new()
    {
        Transactions = TransactionScope.Database,
        KeepsOrder = true,
        Clock = StoreClock.Server,
        WakeUp = StoreWakeUp.Notification,
        Failover = FailoverDurability.AsConfigured,
        SentRows = [AfterSending.Keep, AfterSending.Delete, AfterSending.Archive],
        HandlerEffects = HandlerEffects.Statements,
        LocksRows = true,
    };

    /// <inheritdoc />
    public StoreSettings Read(SettingsReader reader, RelayboxSettings settings) => PostgresSettings.Read(reader);
}
