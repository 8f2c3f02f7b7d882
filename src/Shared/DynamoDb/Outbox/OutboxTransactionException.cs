namespace Relaybox.DynamoDb;

/// <summary>A condition of the app's transaction did not hold; nothing was written, and no event will be sent.</summary>
/// <param name="failedItems">The positions, in the order of adding, of the app's writes whose conditions failed.</param>
public sealed class OutboxTransactionException(IReadOnlyList<int> failedItems)
    : InvalidOperationException(
        $"The transaction was not committed: the conditions of the writes at positions {string.Join(", ", failedItems)} did not hold.")
{
    /// <summary>The positions, in the order of adding, of the app's writes whose conditions failed.</summary>
    public IReadOnlyList<int> FailedItems { get; } = failedItems;
}
