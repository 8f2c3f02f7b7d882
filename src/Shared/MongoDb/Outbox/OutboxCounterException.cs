namespace Relaybox.MongoDb;

/// <summary>
/// The counter of an ordering key is behind the rows of the key, as after a restore: a new row would get a number that an earlier
/// one has, or be published before it. Nothing was written.
/// </summary>
/// <param name="collection">The collection of the counters.</param>
public sealed class OutboxCounterException(string collection) : InvalidOperationException(
    $"A counter in the collection {collection} is behind the rows of its ordering key, as after a restore. Nothing was written. Invoke the Setup "
    + "function, which puts it right, and repeat the transaction.");
