using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Events;

namespace Relaybox.DynamoDb;

/// <summary>The write of a new outbox row inside somebody's transaction.</summary>
internal static class OutboxPut
{
    /// <summary>What a writer can do about a payload that no item can hold.</summary>
    internal const string AdviceForWriters =
        "Keep the payload apart: set DynamoDbOutboxOptions.ClaimCheck, or call ClaimCheck.CheckInAsync for the event before (docs/claim-check.md).";

    /// <param name="outboxEvent">The event.</param>
    /// <param name="options">The outbox table and how it is used.</param>
    /// <param name="now">The time.</param>
    /// <param name="advice">What to do about a row that is too large.</param>
    /// <exception cref="RowContractException">The row would be larger than an item may be.</exception>
    internal static TransactWriteItem Create(OutboxEvent outboxEvent, DynamoDbOutboxOptions options, DateTimeOffset now, string advice)
    {
        var item = OutboxItem.ToItem(outboxEvent, options, now);
        if (OutboxItem.ItemBytesOf(item) is > OutboxItem.MaxItemBytes and var bytes)
        {
            throw new RowContractException(new RowViolation(
                ErrorCodes.RowTooLargeForItem,
                $"The row has {bytes} bytes, and an item of DynamoDB at most {OutboxItem.MaxItemBytes} (400 KB). Nothing was written. "
                + advice));
        }

        return new TransactWriteItem
        {
            Put = new Put
            {
                TableName = options.TableName,
                Item = item,

                // An id that is taken fails the transaction instead of replacing an event.
                ConditionExpression = "attribute_not_exists(eventId)",

                // The row that has the id comes with the reason, so that the writer can compare it.
                ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
            },
        };
    }
}
