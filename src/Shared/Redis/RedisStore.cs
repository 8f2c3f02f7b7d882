using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.Redis;

/// <summary>Redis 7.0 or Valkey 7.2, or newer, alone, with sentinels or as a cluster, as a store.</summary>
internal sealed class RedisStore : IStore
{
    /// <inheritdoc />
    public string Name => "redis";

    /// <inheritdoc />
    public StoreCapabilities Capabilities { get; } = new()
    {
        Transactions = TransactionScope.HashTag,
        KeepsOrder = true,
        Clock = StoreClock.Server,
        WakeUp = StoreWakeUp.Notification,
        Failover = FailoverDurability.MayBeLost,
        SentRows = [AfterSending.Keep, AfterSending.Delete],
        HandlerEffects = HandlerEffects.Enlisted,
    };

    /// <inheritdoc />
    public StoreSettings Read(SettingsReader reader, RelayboxSettings settings) => RedisSettings.Read(reader);
}
