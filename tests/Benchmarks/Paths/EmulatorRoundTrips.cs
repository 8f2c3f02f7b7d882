using System.Diagnostics;
using System.Text.Json.Nodes;
using Npgsql;
using Relaybox.Benchmarks.Postgres;
using Relaybox.Local.Aws;
using Relaybox.Local.EventSources;
using Relaybox.Local.Running;

namespace Relaybox.Benchmarks.Paths;

/// <summary>How long the emulators take by themselves, through plain clients that do nothing else: what a path cannot be faster than.</summary>
internal sealed class EmulatorRoundTrips(LocalServers servers)
{
    private const string Name = "bench-echo";

    private readonly AwsJsonClient sqs = AwsJsonClient.Sqs(servers.Sqs);
    private QueueClient queue = null!;
    private string queueUrl = "";

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        queueUrl = (string)(await sqs.CallAsync("CreateQueue", new JsonObject { ["QueueName"] = Name }, cancellationToken))["QueueUrl"]!;
        queue = new QueueClient(sqs, queueUrl);
        if (servers.DynamoDb is { } dynamoDb)
        {
            await AwsJsonClient.DynamoDb(dynamoDb).CallAsync(
                "CreateTable",
                new JsonObject
                {
                    ["TableName"] = Name,
                    ["BillingMode"] = "PAY_PER_REQUEST",
                    ["AttributeDefinitions"] = new JsonArray(new JsonObject { ["AttributeName"] = "eventId", ["AttributeType"] = "S" }),
                    ["KeySchema"] = new JsonArray(new JsonObject { ["AttributeName"] = "eventId", ["KeyType"] = "HASH" }),
                    ["StreamSpecification"] = new JsonObject { ["StreamEnabled"] = true, ["StreamViewType"] = "NEW_IMAGE" },
                },
                cancellationToken);
        }
    }

    /// <summary>From the answer to a put until GetRecords shows the row, asked for again and again.</summary>
    public async Task<double[]> PutToGetRecordsAsync(int times, CancellationToken cancellationToken)
    {
        var table = AwsJsonClient.DynamoDb(servers.DynamoDb!);
        var stream = await DynamoDbStreamReader.OpenAsync(servers.DynamoDb!, Name, cancellationToken);
        var shard = (await stream.ListShardsAsync(cancellationToken)).Last(shard => !shard.IsClosed);
        var iterator = await stream.GetIteratorAsync(shard.Id, "LATEST", null, cancellationToken);
        return await RepeatAsync(times, async () =>
        {
            var item = new JsonObject
            {
                ["eventId"] = new JsonObject { ["S"] = Guid.NewGuid().ToString() },
                ["payload"] = new JsonObject { ["S"] = BenchPayload.Text },
            };
            await table.CallAsync("PutItem", new JsonObject { ["TableName"] = Name, ["Item"] = item }, cancellationToken);
            var start = Stopwatch.GetTimestamp();
            StreamPage page;
            do
            {
                page = await stream.ReadAsync(iterator, cancellationToken);
                iterator = page.NextIterator ?? throw new InvalidOperationException("The shard was closed.");
            }
            while (page.Records.Count == 0);
            return Stopwatch.GetElapsedTime(start);
        });
    }

    /// <summary>From a send until a receive that waits for it has the message.</summary>
    public Task<double[]> SendToReceiveAsync(int times, CancellationToken cancellationToken) => RepeatAsync(times, async () =>
    {
        var receiving = queue.ReceiveAsync(1, 5, cancellationToken);
        var start = Stopwatch.GetTimestamp();
        await sqs.CallAsync("SendMessage", new JsonObject { ["QueueUrl"] = queueUrl, ["MessageBody"] = BenchPayload.Text }, cancellationToken);
        var received = await receiving;
        var elapsed = Stopwatch.GetElapsedTime(start);
        await queue.DeleteAsync(received, cancellationToken);
        return received.Count == 1 ? elapsed : throw new InvalidOperationException("The message did not come.");
    });

    /// <summary>From the answer to a commit until the connection that listens has its notification.</summary>
    public async Task<double[]> CommitToNotificationAsync(int times, CancellationToken cancellationToken)
    {
        await using var database = NpgsqlDataSource.Create(servers.Postgres!.ConnectionString);
        await using var listener = await database.OpenConnectionAsync(cancellationToken);
        await using var listen = new NpgsqlCommand("LISTEN bench_echo", listener);
        await listen.ExecuteNonQueryAsync(cancellationToken);
        await using var notify = database.CreateCommand("NOTIFY bench_echo");
        return await RepeatAsync(times, async () =>
        {
            var waiting = listener.WaitAsync(cancellationToken);
            await notify.ExecuteNonQueryAsync(cancellationToken);
            var start = Stopwatch.GetTimestamp();
            await waiting;
            return Stopwatch.GetElapsedTime(start);
        });
    }

    private static async Task<double[]> RepeatAsync(int times, Func<Task<TimeSpan>> once)
    {
        var milliseconds = new double[times];
        for (var i = 0; i < times; i++)
        {
            milliseconds[i] = (await once()).TotalMilliseconds;
        }

        return milliseconds;
    }
}
