using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Relaybox.DynamoDb;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>An outbox table of its own in DynamoDB Local, on a clock that a test can move.</summary>
internal sealed class DynamoDbOutboxHarness : OutboxHarness
{
    private readonly SkippingTimeProvider _clock = new();
    private readonly IAmazonDynamoDB _client;

    private DynamoDbOutboxHarness(IAmazonDynamoDB client, string table)
    {
        _client = client;
        Options = new DynamoDbOutboxOptions { TableName = table, Trigger = RelayTrigger.Schedule, DueShards = 4 };
        Repository = CreateRepository();
    }

    public DynamoDbOutboxOptions Options { get; }

    public TimeProvider Clock => _clock;

    public override IOutboxRepository Repository { get; }

    public override IOutboxOperations Operations =>
        new DynamoDbOutboxOperations(_client, Options, _clock, SystemEntropy.Instance);

    public override DateTimeOffset Now => _clock.GetUtcNow();

    public static async Task<DynamoDbOutboxHarness> CreateAsync(DynamoDbLocal dynamoDb) =>
        new(dynamoDb.Client, await DynamoDbTables.CreateOutboxAsync(dynamoDb.Client));

    public override IOutboxRepository CreateRepository() => CreateRepository(_client);

    public DynamoDbOutboxRepository CreateRepository(IAmazonDynamoDB client, RelayTrigger trigger = RelayTrigger.Schedule) =>
        new(client, Options with { Trigger = trigger }, _clock, SystemEntropy.Instance);

    public override Task PassAsync(TimeSpan time)
    {
        _clock.Skip(time);
        return Task.CompletedTask;
    }

    public override Task WriteAsync(RawRow row)
    {
        var item = new Dictionary<string, AttributeValue>()
            .Set("eventId", row.EventId)
            .Set("status", row.Status)
            .Set("subject", row.Subject)
            .Set("payload", row.Payload)
            .Set("enqueuedAt", row.EnqueuedAt)
            .Set("availableAt", row.AvailableAt)
            .Set("claimedAt", row.ClaimedAt)
            .Set("claimToken", row.Token)
            .Set("dueAt", row.DueAt)
            .Set("sentAt", row.SentAt)
            .Set("failedAt", row.FailedAt);
        return WriteAsync(row.DueAt is null ? item : item.Set("dueShard", DueShard.Of(row.EventId, Options.DueShards)));
    }

    public Task WriteAsync(Dictionary<string, AttributeValue> item) => _client.PutItemAsync(Options.TableName, item);

    public override Task DeleteAsync(string eventId) =>
        _client.DeleteItemAsync(Options.TableName, new Dictionary<string, AttributeValue>().Set("eventId", eventId));

    public override Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId) =>
        DynamoDbItems.ReadAsync(_client, Options.TableName, new Dictionary<string, AttributeValue>().Set("eventId", eventId));

    public override async ValueTask DisposeAsync() => await _client.DeleteTableAsync(Options.TableName);
}
