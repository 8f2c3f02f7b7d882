using System.Text.Json.Nodes;
using Amazon.DynamoDBv2.Model;
using Relaybox.Local.Aws;
using Relaybox.Local.EventSources;
using Relaybox.Local.Stack;
using Relaybox.Local.Stores.DynamoDb;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.EventSources;

/// <summary>Streams of DynamoDB Local, as functions get them.</summary>
public sealed class StreamEventSourceTests(DynamoDbLocal dynamoDb) : IAsyncLifetime
{
    private static readonly StreamEventDefinition Plain = new("Stream", "", true, 100, 0, false, false, -1, -1, null, []);

    private readonly string _table = DynamoDbLocal.UniqueName("stream");
    private readonly CancellationTokenSource _stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly EventSourceSwitch _gate = new();
    private readonly DuplicatePlan _duplicates = new(50);
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        var properties = JsonNode.Parse("""
            {"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}
            """)!.AsObject();
        await new TableProvisioner(AwsJsonClient.DynamoDb(dynamoDb.Endpoint)).CreateAsync(
            [new TableDefinition("Table", _table, properties, "NEW_AND_OLD_IMAGES", "expiresAt")], _stopping.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    [Fact]
    public async Task An_insert_has_the_form_that_Lambda_sends()
    {
        var function = await StartAsync(Plain);
        await PutAsync("a");
        await Eventually.TrueAsync(() => Records(function).Any(), "the record");

        var record = Records(function).Single();
        var change = record["dynamodb"]!;
        Assert.Equal("INSERT", (string?)record["eventName"]);
        Assert.Equal("aws:dynamodb", (string?)record["eventSource"]);
        Assert.Equal("1.1", (string?)record["eventVersion"]);
        Assert.Equal(LocalAws.Region, (string?)record["awsRegion"]);
        Assert.StartsWith(
            $"arn:aws:dynamodb:{LocalAws.Region}:{LocalAws.AccountId}:table/{_table}/stream/",
            (string?)record["eventSourceARN"],
            StringComparison.Ordinal);
        Assert.NotEmpty((string)record["eventID"]!);
        Assert.Equal("""{"id":{"S":"a"}}""", change["Keys"]!.ToJsonString());
        Assert.Equal("""{"id":{"S":"a"}}""", change["NewImage"]!.ToJsonString());
        Assert.Equal("NEW_AND_OLD_IMAGES", (string?)change["StreamViewType"]);
        Assert.True((long)change["ApproximateCreationDateTime"]! > 1_700_000_000);
        Assert.NotEmpty((string)change["SequenceNumber"]!);
        Assert.True((long)change["SizeBytes"]! > 0);
    }

    [Fact]
    public async Task A_delete_by_time_to_live_is_a_REMOVE_by_the_service()
    {
        var function = await StartAsync(Plain with { FilterPatterns = ["""{"userIdentity":{"type":["Service"]}}"""] });
        await dynamoDb.Client.PutItemAsync(
            _table, new() { ["id"] = new AttributeValue("old"), ["expiresAt"] = new AttributeValue { N = "1000000000" } }, _stopping.Token);
        await PutAsync("filtered out");
        // DynamoDB Local ignores what expired more than five years ago, as the service does.
        var recent = DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeSeconds();
        await dynamoDb.Client.PutItemAsync(
            _table, new() { ["id"] = new AttributeValue("recent"), ["expiresAt"] = new AttributeValue { N = $"{recent}" } }, _stopping.Token);

        await Eventually.TrueAsync(
            () => Records(function).Any(record => (string?)record["dynamodb"]!["Keys"]!["id"]!["S"] == "recent"), "the delete");
        Assert.All(Records(function), record =>
        {
            Assert.Equal("REMOVE", (string?)record["eventName"]);
            Assert.Equal("""{"type":"Service","principalId":"dynamodb.amazonaws.com"}""", record["userIdentity"]!.ToJsonString());
        });
    }

    [Fact]
    public async Task Batches_are_no_larger_than_allowed_and_keep_the_order()
    {
        for (var number = 0; number < 7; number++)
        {
            await PutAsync($"{number}");
        }

        var function = await StartAsync(Plain with { BatchSize = 3 });
        await Eventually.TrueAsync(() => Records(function).Count() >= 7, "all records");
        Assert.Equal(Enumerable.Range(0, 7).Select(number => $"{number}"), Records(function).Select(Id));
        Assert.All(function.Events, input => Assert.InRange(input["Records"]!.AsArray().Count, 1, 3));
    }

    [Fact]
    public async Task A_window_gathers_records_into_one_batch()
    {
        var function = await StartAsync(Plain with { BatchingWindowSeconds = 2 });
        await PutAsync("a");
        await PutAsync("b");
        await Eventually.TrueAsync(() => Records(function).Count() == 2, "both records");
        Assert.Single(function.Events);
    }

    [Fact]
    public async Task Latest_leaves_out_what_was_written_before()
    {
        await PutAsync("before");
        var function = await StartAsync(Plain with { FromTrimHorizon = false });
        await Eventually.TrueAsync(
            async () =>
            {
                // The position is taken when the shard is opened, a moment after the start.
                await PutAsync($"after-{Guid.NewGuid():N}");
                return Records(function).Any();
            },
            "a later record");
        Assert.DoesNotContain("before", Records(function).Select(Id));
    }

    [Fact]
    public async Task The_shard_waits_for_a_batch_that_fails()
    {
        var failures = 3;
        var function = await StartAsync(
            Plain with { BatchSize = 1 }, input => Id(input["Records"]![0]!.AsObject()) == "a" && failures-- > 0 ? null : "{}");
        await PutAsync("a");
        await PutAsync("b");
        await Eventually.TrueAsync(() => Records(function).Any(record => Id(record) == "b"), "the second record");
        Assert.Equal(["a", "a", "a", "a", "b"], Records(function).Select(Id));
    }

    [Fact]
    public async Task The_share_asked_for_is_delivered_again_in_a_later_batch()
    {
        for (var number = 0; number < 10; number++)
        {
            await PutAsync($"{number}");
        }

        var function = await StartAsync(Plain, withDuplicates: true);
        await Eventually.TrueAsync(() => _duplicates.Injected == 5, "the re-deliveries");
        Assert.Equal(15, Records(function).Count());
        Assert.Equal(10, function.Events.First()["Records"]!.AsArray().Count);
        Assert.Equal(10, Records(function).Select(record => (string?)record["eventID"]).Distinct().Count());
    }

    [Fact]
    public async Task While_it_is_switched_off_nothing_comes_and_afterwards_all_that_was_written()
    {
        _gate.Turn(isOn: false);
        var function = await StartAsync(Plain);
        await PutAsync("a");
        await PutAsync("b");
        Assert.Equal("Disabled", _gate.State);
        Assert.Empty(function.Events);

        _gate.Turn(isOn: true);
        await Eventually.TrueAsync(() => Records(function).Count() == 2, "both records");
        Assert.Equal(["a", "b"], Records(function).Select(Id).Order());
    }

    private static IEnumerable<JsonObject> Records(ScriptedFunction function) =>
        function.Events.SelectMany(input => input["Records"]!.AsArray().Select(record => record!.AsObject()));

    private static string Id(JsonObject record) => (string)record["dynamodb"]!["Keys"]!["id"]!["S"]!;

    private Task<PutItemResponse> PutAsync(string id) =>
        dynamoDb.Client.PutItemAsync(_table, new() { ["id"] = new AttributeValue(id) }, _stopping.Token);

    private async Task<ScriptedFunction> StartAsync(
        StreamEventDefinition source, Func<JsonObject, string?>? answer = null, bool withDuplicates = false)
    {
        source = source with { TableName = _table };
        var function = new ScriptedFunction(answer ?? (_ => "{}"));
        var reader = await DynamoDbStreamReader.OpenAsync(dynamoDb.Endpoint, _table, _stopping.Token);
        var delivery = new StreamBatchDelivery(source, function, (_, _) => Task.CompletedTask, new LinesOutput(), TimeProvider.System);
        var stream = new StreamEventSource(
            source,
            reader,
            _ => new ShardConsumer(
                source, reader, EventFilter.Parse(source.FilterPatterns), delivery,
                withDuplicates ? _duplicates : DuplicatePlan.None, _gate, TimeProvider.System),
            new LinesOutput(),
            TimeProvider.System);
        await stream.OpenAsync(_stopping.Token);
        _running = stream.RunAsync(_stopping.Token);
        return function;
    }
}
