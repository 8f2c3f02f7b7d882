using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.MySql;

/// <summary>MySQL 8 or MariaDB 10.6, or newer, as a store.</summary>
internal sealed class MySqlStore : IStore
{
    /// <inheritdoc />
    public string Name => "mysql";

    /// <inheritdoc />
    public StoreCapabilities Capabilities { get; } = new()
    {
        Transactions = TransactionScope.Server,
        KeepsOrder = true,
        Clock = StoreClock.Server,
        WakeUp = StoreWakeUp.Polling,
        Failover = FailoverDurability.AsConfigured,
        SentRows = [AfterSending.Keep, AfterSending.Delete],
        HandlerEffects = HandlerEffects.Statements,
        LocksRows = true,
    };

    /// <inheritdoc />
    public StoreSettings Read(SettingsReader reader, RelayboxSettings settings) => MySqlSettings.Read(reader);
}
