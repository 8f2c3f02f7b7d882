using System.Text;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Functions.Hosting;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Support;

/// <summary>Tables and queues of one test, and the functions on top of them, called with the bytes that Lambda would send.</summary>
public sealed class FunctionWorld(DynamoDbLocal dynamoDb) : IAsyncDisposable
{
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);

    public IAmazonDynamoDB DynamoDb => dynamoDb.Client;

    public AmazonSQSClient Sqs { get; } = new();

    public string OutboxTable => _variables["OUTBOX_TABLE"];

    public string InboxTable => _variables["INBOX_TABLE"];

    public string EffectsTable => _variables["EFFECTS_TABLE"];

    public string QueueUrl => _variables["QUEUE_URL"];

    public string DeadLetterQueueUrl => _variables["DEAD_LETTER_QUEUE_URL"];

    public static async Task<FunctionWorld> CreateAsync(DynamoDbLocal dynamoDb, SqsEmulator sqsEmulator)
    {
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_DYNAMODB", dynamoDb.Endpoint.ToString());
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_SQS", sqsEmulator.Endpoint.ToString());
        Environment.SetEnvironmentVariable("AWS_REGION", "us-east-1");
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "local");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "local");
        var world = new FunctionWorld(dynamoDb);
        await world.CreateTablesAsync();
        world._variables["QUEUE_URL"] = await world.CreateQueueAsync("queue");
        world._variables["DEAD_LETTER_QUEUE_URL"] = await world.CreateQueueAsync("dead");
        return world;
    }

    public void Set(string name, string value) => _variables[name] = value;

    public string? Get(string name) => _variables.GetValueOrDefault(name);

    /// <summary>Calls a function with an event, and returns the exact bytes of its answer as text.</summary>
    public async Task<string> InvokeAsync(string function, string input, TimeSpan? remaining = null, string? alias = null)
    {
        var handler = FunctionCatalog.Create(function, Get);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(input));
        var answer = await handler(stream, new FakeLambdaContext(remaining ?? TimeSpan.FromSeconds(30), alias));
        using var reader = new StreamReader(answer, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }

    public async Task PutRowAsync(string eventId, params (string Name, AttributeValue Value)[] more)
    {
        var item = Rows.Item(eventId);
        foreach (var (name, value) in more)
        {
            item[name] = value;
        }

        await DynamoDb.PutItemAsync(OutboxTable, item);
    }

    public async Task<Dictionary<string, AttributeValue>> RowAsync(string eventId) =>
        (await DynamoDb.GetItemAsync(OutboxTable, Rows.Key(eventId), consistentRead: true)).Item ?? [];

    public async Task<Dictionary<string, AttributeValue>> EffectAsync(string eventId) =>
        (await DynamoDb.GetItemAsync(EffectsTable, Rows.Key(eventId), consistentRead: true)).Item ?? [];

    /// <summary>Takes everything off a queue.</summary>
    public async Task<List<Message>> ReceiveAllAsync(string queueUrl)
    {
        var all = new List<Message>();
        while (true)
        {
            var response = await Sqs.ReceiveMessageAsync(new ReceiveMessageRequest
            {
                QueueUrl = queueUrl,
                MaxNumberOfMessages = 10,
                MessageAttributeNames = ["All"],
            });
            if (response.Messages is not { Count: > 0 } messages)
            {
                return all;
            }

            all.AddRange(messages);
        }
    }

    public ValueTask DisposeAsync()
    {
        Sqs.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<string> CreateQueueAsync(string name) =>
        (await Sqs.CreateQueueAsync(new CreateQueueRequest { QueueName = SqsEmulator.UniqueName(name) })).QueueUrl;

    private async Task CreateTablesAsync()
    {
        foreach (var (variable, hash, range) in new[]
        {
            ("OUTBOX_TABLE", "eventId", null),
            ("INBOX_TABLE", "eventId", "consumer"),
            ("JOBS_TABLE", "job", null),
            ("EFFECTS_TABLE", "eventId", (string?)null),
        })
        {
            var name = DynamoDbLocal.UniqueName(variable.ToLowerInvariant().Replace('_', '-'));
            _variables[variable] = name;
            await DynamoDb.CreateTableAsync(Rows.Table(name, hash, range, withDueIndex: variable == "OUTBOX_TABLE"));
        }
    }
}
