using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.Benchmarks.DynamoDb;

/// <summary>
/// The outbox that is often written for DynamoDB: an index on the status over whole items, queried for what is pending; each
/// row updated to publishing, then to sent, and deleted in the end.
/// </summary>
internal sealed class NaiveTable(IAmazonDynamoDB client, string table)
{
    public Task PutAsync(Dictionary<string, AttributeValue> item, CancellationToken cancellationToken) =>
        client.PutItemAsync(new PutItemRequest { TableName = table, Item = item }, cancellationToken);

    public async Task<int> RelayAsync(CancellationToken cancellationToken)
    {
        var pending = await client.QueryAsync(
            new QueryRequest
            {
                TableName = table,
                IndexName = OutboxTables.StatusIndex,
                KeyConditionExpression = "#status = :pending",
                ExpressionAttributeNames = new() { ["#status"] = "status" },
                ExpressionAttributeValues = new() { [":pending"] = new AttributeValue { S = "pending" } },
                Limit = 100,
            },
            cancellationToken);
        foreach (var item in pending.Items)
        {
            await MarkAsync(item["eventId"].S, "publishing", cancellationToken);
            await MarkAsync(item["eventId"].S, "sent", cancellationToken);
        }

        return pending.Items.Count;
    }

    public Task MarkAsync(string eventId, string status, CancellationToken cancellationToken) => client.UpdateItemAsync(
        new UpdateItemRequest
        {
            TableName = table,
            Key = new() { ["eventId"] = new AttributeValue { S = eventId } },
            UpdateExpression = "SET #status = :status",
            ExpressionAttributeNames = new() { ["#status"] = "status" },
            ExpressionAttributeValues = new() { [":status"] = new AttributeValue { S = status } },
        },
        cancellationToken);

    public Task DeleteAsync(string eventId, CancellationToken cancellationToken) => client.DeleteItemAsync(
        new DeleteItemRequest { TableName = table, Key = new() { ["eventId"] = new AttributeValue { S = eventId } } }, cancellationToken);
}
