using Amazon.DynamoDBv2.Model;
using Relaybox.Inbox;

namespace Relaybox.DynamoDb;

/// <summary>How a handler enlists writes where the inbox is in DynamoDB.</summary>
public static class MessageTransactionExtensions
{
    /// <summary>
    /// Enlists a write, in any table of the same account and region, that commits together with the inbox mark. At most
    /// 99 writes and emitted events, 4 MB in all; each item of a table at most once.
    /// </summary>
    /// <param name="transaction">The message's transaction.</param>
    /// <param name="item">The write. If its condition does not hold, the attempt fails and nothing is written.</param>
    /// <exception cref="InvalidOperationException">The inbox is not in DynamoDB, or there are too many writes.</exception>
    public static void Enlist(this IMessageTransaction transaction, TransactWriteItem item)
    {
        if (transaction is not DynamoDbInboxTransaction dynamoDb)
        {
            throw new InvalidOperationException(
                "A TransactWriteItem can be enlisted only where the inbox is in DynamoDB (STORE=dynamodb).");
        }

        dynamoDb.Enlist(item);
    }
}
