using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace Relaybox.Benchmarks.DynamoDb;

/// <summary>The outbox's table as template.yaml has it, and one with the usual index on the status.</summary>
internal static class OutboxTables
{
    public const string StatusIndex = "StatusIndex";

    public static readonly string[] DueKey = ["dueShard", "dueAt"];
    public static readonly string[] StatusKey = ["status", "enqueuedAt"];

    public static Task CreateAsync(IAmazonDynamoDB client, string name) =>
        CreateAsync(client, name, "DueIndex", DueKey, ProjectionType.KEYS_ONLY);

    public static Task CreateNaiveAsync(IAmazonDynamoDB client, string name) =>
        CreateAsync(client, name, StatusIndex, StatusKey, ProjectionType.ALL);

    private static Task CreateAsync(IAmazonDynamoDB client, string name, string index, string[] key, ProjectionType projection) =>
        client.CreateTableAsync(new CreateTableRequest
        {
            TableName = name,
            BillingMode = BillingMode.PAY_PER_REQUEST,
            AttributeDefinitions =
            [
                new("eventId", ScalarAttributeType.S), new(key[0], ScalarAttributeType.S), new(key[1], ScalarAttributeType.N),
            ],
            KeySchema = [new("eventId", KeyType.HASH)],
            GlobalSecondaryIndexes =
            [
                new GlobalSecondaryIndex
                {
                    IndexName = index,
                    KeySchema = [new(key[0], KeyType.HASH), new(key[1], KeyType.RANGE)],
                    Projection = new Projection { ProjectionType = projection },
                },
            ],
        });
}
