using Relaybox.Outbox;
using Relaybox.Settings;

namespace Relaybox.DynamoDb;

/// <summary>Amazon DynamoDB as a store.</summary>
internal sealed class DynamoDbStore : IStore
{
    /// <inheritdoc />
    public string Name => "dynamodb";

    /// <inheritdoc />
    public StoreCapabilities Capabilities { get; } = new()
    {
        Transactions = TransactionScope.Region,
        KeepsOrder = false,
        Clock = StoreClock.Function,
        WakeUp = StoreWakeUp.Stream,
        Failover = FailoverDurability.Kept,
        SentRows = [AfterSending.Keep],
        HandlerEffects = HandlerEffects.Enlisted,
    };

    /// <inheritdoc />
    public StoreSettings Read(SettingsReader reader, RelayboxSettings settings) => DynamoDbSettings.Read(reader, settings);
}
