using System.Text;
using System.Text.Json.Nodes;
using Relaybox.Local.Aws;
using Relaybox.Local.Template;

namespace Relaybox.Local.EventSources;

/// <summary>Reads a table's stream from DynamoDB Local and gives its records the form that AWS gives them.</summary>
internal sealed class DynamoDbStreamReader
{
    // Served by DynamoDB Local for the deletes of its TTL worker, whose event its own library does not know.
    private const string TimeToLiveEventName = "UNKNOWN_TO_SDK_VERSION";

    private readonly AwsJsonClient _client;
    private readonly string _streamArn;

    private DynamoDbStreamReader(AwsJsonClient client, string tableName, string streamArn)
    {
        _client = client;
        _streamArn = streamArn;
        EventSourceArn = $"{ResourceNames.TableArn(tableName)}/stream/{streamArn[(streamArn.LastIndexOf('/') + 1)..]}";
    }

    /// <summary>The stream's ARN as functions see it.</summary>
    public string EventSourceArn { get; }

    /// <param name="endpoint">Where the tables are.</param>
    /// <param name="streams">By which the stream is read; null: as the tables are.</param>
    /// <exception cref="RunnerException">The table has no stream.</exception>
    public static async Task<DynamoDbStreamReader> OpenAsync(
        Uri endpoint, string tableName, CancellationToken cancellationToken, AwsJsonClient? streams = null)
    {
        var table = await AwsJsonClient.DynamoDb(endpoint)
            .CallAsync("DescribeTable", new JsonObject { ["TableName"] = tableName }, cancellationToken);
        var arn = (string?)table["Table"]!["LatestStreamArn"] ?? throw new RunnerException($"The table {tableName} has no stream.");
        return new DynamoDbStreamReader(streams ?? AwsJsonClient.DynamoDbStreams(endpoint), tableName, arn);
    }

    public async Task<IReadOnlyList<StreamShard>> ListShardsAsync(CancellationToken cancellationToken)
    {
        var shards = new List<StreamShard>();
        string? last = null;
        do
        {
            var request = new JsonObject { ["StreamArn"] = _streamArn };
            if (last is not null)
            {
                request["ExclusiveStartShardId"] = last;
            }

            var description = (await _client.CallPatientlyAsync("DescribeStream", request, cancellationToken))["StreamDescription"]!;
            shards.AddRange(description["Shards"]!.AsArray().Select(shard => new StreamShard(
                (string)shard!["ShardId"]!,
                (string?)shard["ParentShardId"],
                shard["SequenceNumberRange"]?["EndingSequenceNumber"] is not null)));
            last = (string?)description["LastEvaluatedShardId"];
        }
        while (last is not null);
        return shards;
    }

    /// <param name="type">TRIM_HORIZON, LATEST or AFTER_SEQUENCE_NUMBER.</param>
    public async Task<string> GetIteratorAsync(string shardId, string type, string? sequenceNumber, CancellationToken cancellationToken)
    {
        var request = new JsonObject { ["StreamArn"] = _streamArn, ["ShardId"] = shardId, ["ShardIteratorType"] = type };
        if (sequenceNumber is not null)
        {
            request["SequenceNumber"] = sequenceNumber;
        }

        return (string)(await _client.CallPatientlyAsync("GetShardIterator", request, cancellationToken))["ShardIterator"]!;
    }

    public async Task<StreamPage> ReadAsync(string iterator, CancellationToken cancellationToken)
    {
        var answer = await _client.CallPatientlyAsync(
            "GetRecords", new JsonObject { ["ShardIterator"] = iterator, ["Limit"] = 1000 }, cancellationToken);
        return new StreamPage(
            [.. answer["Records"]!.AsArray().Select(record => Convert(record!.AsObject()))], (string?)answer["NextShardIterator"]);
    }

    internal StreamRecord Convert(JsonObject source)
    {
        var change = source["dynamodb"]!.DeepClone().AsObject();
        // Lambda passes whole seconds, where the service may have fractions.
        var arrived = DateTimeOffset.FromUnixTimeSeconds((long)change["ApproximateCreationDateTime"]!.GetValue<double>());
        change["ApproximateCreationDateTime"] = arrived.ToUnixTimeSeconds();
        var isTimeToLive = (string?)source["eventName"] == TimeToLiveEventName;
        var record = new JsonObject
        {
            ["eventID"] = source["eventID"]?.DeepClone(),
            ["eventName"] = isTimeToLive ? "REMOVE" : source["eventName"]?.DeepClone(),
            ["eventVersion"] = "1.1",
            ["eventSource"] = "aws:dynamodb",
            ["awsRegion"] = LocalAws.Region,
            ["dynamodb"] = change,
            ["eventSourceARN"] = EventSourceArn,
        };
        if (isTimeToLive)
        {
            record["userIdentity"] = new JsonObject { ["type"] = "Service", ["principalId"] = "dynamodb.amazonaws.com" };
        }

        return new StreamRecord((string)change["SequenceNumber"]!, arrived, record, Encoding.UTF8.GetByteCount(record.ToJsonString()));
    }
}
