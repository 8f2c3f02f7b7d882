using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Events;

namespace Relaybox.DynamoDb;

/// <summary>The write of a new outbox row inside somebody's transaction.</summary>
internal static class OutboxPut
{
    internal static TransactWriteItem Create(OutboxEvent outboxEvent, DynamoDbOutboxOptions options, DateTimeOffset now) => new()
    {
        Put = new Put
        {
            TableName = options.TableName,
            Item = OutboxItem.ToItem(outboxEvent, options, now),

            // An id that is taken fails the transaction instead of replacing an event.
            ConditionExpression = "attribute_not_exists(eventId)",

            // The row that has the id comes with the reason, so that the writer can compare it.
            ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
        },
    };
}
