using System.Globalization;
using Amazon.DynamoDBv2.Model;
using Relaybox.DynamoDb;
using Relaybox.Inbox;

namespace Relaybox.Functions.Handlers.Example;

/// <summary>
/// The worked example where the store is DynamoDB: counts how often an order was applied, in a table of its own. The write is enlisted, so it commits
/// with the inbox mark or not at all, and the count is 1 however often the message is delivered.
/// </summary>
/// <param name="effectsTable">The table.</param>
/// <param name="time">The clock.</param>
internal sealed class DynamoDbOrderPlacedHandler(string effectsTable, TimeProvider time) : IMessageHandler<OrderPlaced>
{
    /// <inheritdoc />
    public Task HandleAsync(OrderPlaced message, MessageContext context, CancellationToken cancellationToken)
    {
        context.Transaction.Enlist(new TransactWriteItem
        {
            Update = new Update
            {
                TableName = effectsTable,
                Key = new() { ["eventId"] = new AttributeValue { S = EffectId.Of(context) } },
                UpdateExpression = "ADD applied :one SET orderId = :order, appliedAt = if_not_exists(appliedAt, :now)",
                ExpressionAttributeValues = new()
                {
                    [":one"] = new AttributeValue { N = "1" },
                    [":order"] = new AttributeValue { S = message.OrderId },
                    [":now"] = new AttributeValue
                    {
                        N = time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
                    },
                },
            },
        });
        return Task.CompletedTask;
    }
}
