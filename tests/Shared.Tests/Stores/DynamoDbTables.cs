using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The tables as template.yaml declares them, each under a name of its own.</summary>
internal static class DynamoDbTables
{
    internal static Task<string> CreateOutboxAsync(IAmazonDynamoDB client) => CreateAsync(client, new CreateTableRequest
    {
        TableName = DynamoDbLocal.UniqueName("outbox"),
        BillingMode = BillingMode.PAY_PER_REQUEST,
        AttributeDefinitions =
        [
            new("eventId", ScalarAttributeType.S), new("dueShard", ScalarAttributeType.S), new("dueAt", ScalarAttributeType.N),
        ],
        KeySchema = [new("eventId", KeyType.HASH)],
        GlobalSecondaryIndexes =
        [
            new GlobalSecondaryIndex
            {
                IndexName = "DueIndex",
                KeySchema = [new("dueShard", KeyType.HASH), new("dueAt", KeyType.RANGE)],
                Projection = new Projection { ProjectionType = ProjectionType.KEYS_ONLY },
            },
        ],
    });

    internal static Task<string> CreateInboxAsync(IAmazonDynamoDB client) => CreateAsync(client, new CreateTableRequest
    {
        TableName = DynamoDbLocal.UniqueName("inbox"),
        BillingMode = BillingMode.PAY_PER_REQUEST,
        AttributeDefinitions = [new("eventId", ScalarAttributeType.S), new("consumer", ScalarAttributeType.S)],
        KeySchema = [new("eventId", KeyType.HASH), new("consumer", KeyType.RANGE)],
    });

    /// <summary>A table with one string key: the jobs, or what an app or a handler writes.</summary>
    internal static Task<string> CreateSimpleAsync(IAmazonDynamoDB client, string key) => CreateAsync(client, new CreateTableRequest
    {
        TableName = DynamoDbLocal.UniqueName(key),
        BillingMode = BillingMode.PAY_PER_REQUEST,
        AttributeDefinitions = [new(key, ScalarAttributeType.S)],
        KeySchema = [new(key, KeyType.HASH)],
    });

    private static async Task<string> CreateAsync(IAmazonDynamoDB client, CreateTableRequest request)
    {
        await client.CreateTableAsync(request);
        await Eventually.ValueAsync(
            async () => (await client.DescribeTableAsync(request.TableName)).Table.TableStatus,
            status => status == TableStatus.ACTIVE,
            "the table");
        return request.TableName;
    }
}
