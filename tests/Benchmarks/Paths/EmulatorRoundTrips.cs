using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Local.Aws;
using Relaybox.Local.EventSources;
using Relaybox.Local.Running;
using Relaybox.Local.Stores.DynamoDb;
using Relaybox.Local.Stores.Postgres;

namespace Relaybox.Benchmarks.Paths;

/// <summary>
/// How long the servers take by themselves for what a path needs of them, one after the other through plain clients, at the
/// path's own pace: until a commit is seen, a message received, a function invoked, and the consumer's writes are made.
/// </summary>
internal sealed class EmulatorRoundTrips(LocalServers servers, int rate) : IAsyncDisposable
{
    private const string Name = "bench-echo";

    private static readonly byte[] Event = Encoding.UTF8.GetBytes(BenchPayload.Text);

    private readonly AwsJsonClient _sqs = AwsJsonClient.Sqs(servers.Sqs);
    private readonly Dictionary<string, List<double>> _trips = [];
    private string _queueUrl = "";
    private BareFunction? _function;

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        _function = await BareFunction.StartAsync(cancellationToken);
        _queueUrl = (string)(await _sqs.CallAsync("CreateQueue", new JsonObject { ["QueueName"] = Name }, cancellationToken))["QueueUrl"]!;
        if (servers.Store is DynamoDbRun { Endpoint: var dynamoDb })
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
        else
        {
            await using var database = NpgsqlDataSource.Create(((PostgresRun)servers.Store).ConnectionString);
            await using var create = database.CreateCommand(
                "CREATE TABLE bench_echo (id text PRIMARY KEY, payload text NOT NULL, claimed boolean NOT NULL DEFAULT false)");
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _function?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>
    /// The stream of DynamoDB Local, asked without a pause; the relay's invocation; the queue; the consumer's invocation, a write and a
    /// transaction of two.
    /// </summary>
    public async Task<double[]> MeasureDynamoDbAsync(int times, CancellationToken cancellationToken)
    {
        var endpoint = ((DynamoDbRun)servers.Store).Endpoint;
        var table = AwsJsonClient.DynamoDb(endpoint);

        // The emulator forgets what a shard held, and then where it ends: there has to be something new in it.
        await table.CallAsync("PutItem", Put(), cancellationToken);
        var stream = await DynamoDbStreamReader.OpenAsync(endpoint, Name, cancellationToken);
        var shard = (await stream.ListShardsAsync(cancellationToken)).Last(shard => !shard.IsClosed);
        return await RepeatAsync(times, async () =>
        {
            var iterator = await stream.GetIteratorAsync(shard.Id, "LATEST", null, cancellationToken);
            await table.CallAsync("PutItem", Put(), cancellationToken);
            return await TimeAsync("put to GetRecords", async () =>
            {
                StreamPage page;
                do
                {
                    page = await stream.ReadAsync(iterator, cancellationToken);
                    iterator = page.NextIterator ?? throw new InvalidOperationException("The shard was closed.");
                }
                while (page.Records.Count == 0);
            })
            + await InvokeAsync(cancellationToken)
            + await SendAsync(cancellationToken)
            + await InvokeAsync(cancellationToken)
            + await TimeAsync("a write", () => table.CallAsync("PutItem", Put(), cancellationToken))
            + await TimeAsync("a transaction of two", () => table.CallAsync(
                "TransactWriteItems",
                new JsonObject { ["TransactItems"] = new JsonArray(new JsonObject { ["Put"] = Put() }, new JsonObject { ["Put"] = Put() }) },
                cancellationToken));
        });
    }

    /// <summary>A notification; the claim of the row; the queue; the consumer's invocation, a write and a transaction of two.</summary>
    public async Task<double[]> MeasurePostgresAsync(int times, CancellationToken cancellationToken)
    {
        await using var database = NpgsqlDataSource.Create(((PostgresRun)servers.Store).ConnectionString);
        await using var listener = await database.OpenConnectionAsync(cancellationToken);
        await using var listen = new NpgsqlCommand("LISTEN bench_echo", listener);
        await listen.ExecuteNonQueryAsync(cancellationToken);
        return await RepeatAsync(times, async () =>
        {
            var row = $"{Guid.NewGuid()}";
            var waiting = listener.WaitAsync(cancellationToken);
            await ExecuteAsync($"{Insert(row)}; NOTIFY bench_echo");
            return await TimeAsync("commit to notification", () => waiting)
                + await TimeAsync("a claim", () => ExecuteAsync(Claim(row)))
                + await SendAsync(cancellationToken)
                + await InvokeAsync(cancellationToken)
                + await TimeAsync("a write", () => ExecuteAsync(Insert($"{Guid.NewGuid()}")))
                + await TimeAsync("a transaction of two", () => ExecuteAsync($"{Insert($"{Guid.NewGuid()}")}; {Insert($"{Guid.NewGuid()}")}"));
        });

        async Task ExecuteAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        static string Insert(string id) => $"INSERT INTO bench_echo VALUES ('{id}', {BenchPayload.Sql})";

        // A claim that is lost costs a lease and no row: its commit need not wait for the disk.
        static string Claim(string id) =>
            $"UPDATE bench_echo SET claimed = true WHERE id = '{id}' AND set_config('synchronous_commit', 'off', true) = 'off' RETURNING payload";
    }

    /// <summary>The median of each of them.</summary>
    public void Report(BenchmarkRun run, string path)
    {
        foreach (var (trip, milliseconds) in _trips)
        {
            run.Count($"{path}, the servers alone: {trip}, p50", Statistics.Median(milliseconds), "ms", rows: "18");
        }
    }

    private static JsonObject Put() => new()
    {
        ["TableName"] = Name,
        ["Item"] = new JsonObject
        {
            ["eventId"] = new JsonObject { ["S"] = Guid.NewGuid().ToString() },
            ["payload"] = new JsonObject { ["S"] = BenchPayload.Text },
        },
    };

    // To a receiver that waits already.
    private async Task<double> SendAsync(CancellationToken cancellationToken)
    {
        var queue = new QueueClient(_sqs, _queueUrl);
        var receiving = queue.ReceiveAsync(1, 5, cancellationToken);
        var elapsed = await TimeAsync("send to receive", async () =>
        {
            await _sqs.CallAsync("SendMessage", new JsonObject { ["QueueUrl"] = _queueUrl, ["MessageBody"] = BenchPayload.Text }, cancellationToken);
            await receiving;
        });
        await queue.DeleteAsync(await receiving, cancellationToken);
        return elapsed;
    }

    private Task<double> InvokeAsync(CancellationToken cancellationToken) =>
        TimeAsync("an invocation", () => _function!.InvokeAsync(Event, cancellationToken));

    private async Task<double> TimeAsync(string trip, Func<Task> work)
    {
        var start = Stopwatch.GetTimestamp();
        await work();
        var milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        _trips.TryAdd(trip, []);
        _trips[trip].Add(milliseconds);
        return milliseconds;
    }

    private async Task<double[]> RepeatAsync(int times, Func<Task<double>> once)
    {
        var milliseconds = new double[times];
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate));
        for (var i = 0; i < times; i++)
        {
            await pace.WaitForNextTickAsync();
            milliseconds[i] = await once();
        }

        return milliseconds;
    }
}
