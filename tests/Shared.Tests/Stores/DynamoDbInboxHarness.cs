using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.DynamoDb;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Inbox, outbox and effects tables of its own in DynamoDB Local, on a clock that a test can move.</summary>
internal sealed class DynamoDbInboxHarness : InboxHarness
{
    private readonly SkippingTimeProvider _clock = new();
    private readonly IAmazonDynamoDB _client;
    private readonly DynamoDbInboxOptions _options;
    private readonly DynamoDbOutboxOptions _outboxOptions;
    private readonly string _effects;

    private DynamoDbInboxHarness(IAmazonDynamoDB client, string inbox, string outbox, string effects, ClaimCheck? claimCheck)
    {
        _client = client;
        _effects = effects;
        _options = new DynamoDbInboxOptions { TableName = inbox };
        _outboxOptions = new DynamoDbOutboxOptions { TableName = outbox, ClaimCheck = claimCheck };
        Repository = CreateRepository();
        Outbox = new DynamoDbOutboxRepository(client, _outboxOptions, _clock, SystemEntropy.Instance);
    }

    public override IInboxRepository Repository { get; }

    public override IOutboxRepository Outbox { get; }

    public override DateTimeOffset Now => _clock.GetUtcNow();

    public static async Task<DynamoDbInboxHarness> CreateAsync(DynamoDbLocal dynamoDb, ClaimCheck? claimCheck = null) => new(
        dynamoDb.Client,
        await DynamoDbTables.CreateInboxAsync(dynamoDb.Client),
        await DynamoDbTables.CreateOutboxAsync(dynamoDb.Client),
        await DynamoDbTables.CreateSimpleAsync(dynamoDb.Client, "name"),
        claimCheck);

    public override IInboxRepository CreateRepository() => CreateRepository(_client);

    public DynamoDbInboxRepository CreateRepository(IAmazonDynamoDB client) =>
        new(client, _options, _outboxOptions, _clock, SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time)
    {
        _clock.Skip(time);
        return Task.CompletedTask;
    }

    public override Task WriteAsync(RawRecord record)
    {
        var item = Key(record.Consumer, record.EventId)
            .Set("status", record.Status)
            .Set("claimToken", record.Token)
            .Set("receivedAt", record.ReceivedAt)
            .Set("leaseUntil", record.LeaseUntil)
            .Set("processedAt", record.ProcessedAt)
            .Set("failedAt", record.FailedAt)
            .Set("errorMessage", record.ErrorMessage);
        if (record.Deliveries is { } deliveries)
        {
            item["deliveries"] = DynamoDbItems.N(deliveries);
        }

        return _client.PutItemAsync(_options.TableName, item);
    }

    public override Task DeleteAsync(string consumer, string eventId) =>
        _client.DeleteItemAsync(_options.TableName, Key(consumer, eventId));

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string consumer, string eventId) =>
        DynamoDbItems.ReadAsync(_client, _options.TableName, Key(consumer, eventId));

    public override void EnlistEffect(IMessageTransaction transaction, string name) => transaction.Enlist(new TransactWriteItem
    {
        Update = new Update
        {
            TableName = _effects,
            Key = new Dictionary<string, AttributeValue>().Set("name", name),
            UpdateExpression = "ADD happened :one",
            ExpressionAttributeValues = new() { [":one"] = DynamoDbItems.N(1) },
        },
    });

    public override void EnlistImpossible(IMessageTransaction transaction, string name) => transaction.Enlist(new TransactWriteItem
    {
        Put = new Put
        {
            TableName = _effects,
            Item = new Dictionary<string, AttributeValue>().Set("name", name),
            ConditionExpression = "attribute_exists(#name)",
            ExpressionAttributeNames = new() { ["#name"] = "name" },
        },
    });

    public override async Task<int> EffectsAsync(string name)
    {
        var item = await DynamoDbItems.ReadAsync(_client, _effects, new Dictionary<string, AttributeValue>().Set("name", name));
        return item is null ? 0 : int.Parse(item["happened"], CultureInfo.InvariantCulture);
    }

    public override async ValueTask DisposeAsync()
    {
        await _client.DeleteTableAsync(_options.TableName);
        await _client.DeleteTableAsync(_outboxOptions.TableName);
        await _client.DeleteTableAsync(_effects);
    }

    private static Dictionary<string, AttributeValue> Key(string consumer, string eventId) =>
        new Dictionary<string, AttributeValue>().Set("eventId", eventId).Set("consumer", consumer);
}
