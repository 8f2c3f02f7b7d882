namespace Relaybox.Local.Demo;

/// <summary>
/// The app with its database: it knows the outbox table and the row contract, nothing else of Relaybox. Besides, it reads
/// back what came of the orders.
/// </summary>
internal interface IDemoApp : IAsyncDisposable
{
    /// <summary>Makes the app's own table.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Writes an order and its event in one transaction.</summary>
    /// <returns>Whether it was committed.</returns>
    Task<bool> PlaceAsync(Order order, CancellationToken cancellationToken);

    /// <summary>How many outbox rows are sent.</summary>
    Task<int> CountSentAsync(CancellationToken cancellationToken);

    /// <summary>How many effects there are.</summary>
    Task<int> CountEffectsAsync(CancellationToken cancellationToken);

    /// <summary>The orders that were committed: event id and time.</summary>
    Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadOrdersAsync(CancellationToken cancellationToken);

    /// <summary>The status of every outbox row, by event id.</summary>
    Task<IReadOnlyDictionary<string, string>> ReadOutboxAsync(CancellationToken cancellationToken);

    /// <summary>Each event's ordering key, and its place among that key's commits; null where the store keeps no order.</summary>
    Task<IReadOnlyDictionary<string, (string Key, long Place)>?> ReadPlacesAsync(CancellationToken cancellationToken);

    /// <summary>The effects, by event id.</summary>
    Task<IReadOnlyDictionary<string, Effect>> ReadEffectsAsync(CancellationToken cancellationToken);
}
