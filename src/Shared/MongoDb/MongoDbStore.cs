using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>MongoDB, 6.0 or newer, as a replica set or a sharded cluster, as a store.</summary>
internal sealed class MongoDbStore : IStore
{
    /// <inheritdoc />
    public string Name => "mongodb";

    /// <inheritdoc />
    public StoreCapabilities Capabilities { get; } = new()
    {
        Transactions = TransactionScope.Deployment,
        KeepsOrder = true,
        Clock = StoreClock.Server,
        WakeUp = StoreWakeUp.Notification,
        Failover = FailoverDurability.Kept,
        SentRows = [AfterSending.Keep, AfterSending.Delete],
        HandlerEffects = HandlerEffects.Statements,
    };

    /// <inheritdoc />
    public StoreSettings Read(SettingsReader reader, RelayboxSettings settings) => MongoDbSettings.Read(reader);
}
