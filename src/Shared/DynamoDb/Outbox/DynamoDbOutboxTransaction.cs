using Amazon.DynamoDBv2.Model;

namespace Relaybox.DynamoDb;

/// <summary>The app's own writes, which commit together with the outbox row or not at all.</summary>
public sealed class DynamoDbOutboxTransaction
{
    /// <summary>DynamoDB takes 100 items in a transaction; one is the outbox row.</summary>
    public const int MaxItems = 99;

    private readonly List<TransactWriteItem> _items = [];

    internal IReadOnlyList<TransactWriteItem> Items => _items;

    /// <summary>Adds a write.</summary>
    /// <param name="item">A Put, an Update, a Delete or a ConditionCheck, in any table of the same account and region.</param>
    /// <exception cref="InvalidOperationException">There are more than <see cref="MaxItems"/> writes.</exception>
    public void Add(TransactWriteItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (_items.Count == MaxItems)
        {
            throw new InvalidOperationException(
                $"There can be at most {MaxItems} writes: a DynamoDB transaction takes 100, and one is the outbox row.");
        }

        _items.Add(item);
    }
}
