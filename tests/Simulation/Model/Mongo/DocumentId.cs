namespace Relaybox.Simulation.Model;

/// <summary>A document of the model of MongoDB.</summary>
/// <param name="Collection">Its collection.</param>
/// <param name="Key">Its id there.</param>
internal readonly record struct DocumentId(string Collection, object Key)
{
    internal static DocumentId Row(string eventId) => new("outbox", eventId);

    internal static DocumentId Record(Inbox.InboxKey key) => new("inbox", key);

    /// <summary>The counter of an ordering key.</summary>
    internal static DocumentId Counter(string key) => new("keys", key);

    /// <summary>What a handler or an app has written beside an event.</summary>
    internal static DocumentId Effect(string effect) => new("effects", effect);
}
