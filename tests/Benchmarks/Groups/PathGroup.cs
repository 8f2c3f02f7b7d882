using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Npgsql;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Lambda;
using Relaybox.Benchmarks.Paths;
using Relaybox.Benchmarks.Stores;
using Relaybox.Local.Aws;
using Relaybox.Local.Running;
using Relaybox.Local.Stores.DynamoDb;
using Relaybox.Local.Stores.Postgres;
using Metric = Relaybox.Benchmarks.Harness.Metric;

namespace Relaybox.Benchmarks.Groups;

/// <summary>From a commit to the handler's effect, through template.yaml on this machine.</summary>
internal sealed class PathGroup : IBenchmarkGroup
{
    private const int Events = 50;
    private const int Rate = 7;

    // Until everything on the path is compiled for good, and every connection is open, as in a service that has run for a while.
    private const int WarmUp = 1000;
    private const int WarmUpRate = 50;
    private const string P50 = "p50";
    private const string DynamoDb = "DynamoDB stream to SQS";
    private const string Postgres = "PostgreSQL to SQS";

    public string Id => "path";

    public string Title => "Commit to effect through the local runner, single events, beside the emulators' own round trips";

    public bool IsDefault => false;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await MeasureDynamoDbAsync(run, cancellationToken);
        await MeasurePostgresAsync(run, cancellationToken);
        run.Note(
            "The servers alone, through plain clients and at the same pace: from a put to GetRecords asked without a pause, "
            + "and the relay's invocation, or from a commit to its notification and a claim of its row; "
            + "from a send to a receive that waits; the consumer's invocation; a write; a transaction of two. "
            + "The path cannot ask them less often. What Lambda's own polling adds on AWS is not in it.");
        run.Note(
            "Sending is the relay's own word, in whole milliseconds, of which the middle is taken. "
            + "An effect is there when the consumer has answered. The stages have all events after the warm-up, the first of each round too.");
    }

    private static async Task MeasureDynamoDbAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        var probe = new LatencyProbe();
        var stages = new EventStages(probe.Handled);
        await using var stack = await StartAsync("dynamodb", stages, cancellationToken);
        await using var trips = new EmulatorRoundTrips(stack.Runner.Servers, Rate);
        await trips.CreateAsync(cancellationToken);
        using var dynamoDb = new AmazonDynamoDBClient(
            new BasicAWSCredentials(LocalAws.AccessKeyId, LocalAws.SecretAccessKey),
            new AmazonDynamoDBConfig
            {
                ServiceURL = ((DynamoDbRun)stack.Runner.Servers.Store).Endpoint.ToString(),
                AuthenticationRegion = LocalAws.Region,
            });
        var table = stack.Runner.Environment["OUTBOX_TABLE"];
        await CompareAsync(run, DynamoDb, stages, probe, trips.MeasureDynamoDbAsync, CommitAsync, cancellationToken);
        trips.Report(run, DynamoDb);

        async Task CommitAsync(string id, CancellationToken ct) => await dynamoDb.PutItemAsync(
            table,
            new Dictionary<string, AttributeValue>
            {
                ["eventId"] = new(id),
                ["subject"] = new("orders.placed"),
                ["payload"] = new(BenchPayload.Text),
                ["status"] = new("pending"),
            },
            ct);
    }

    private static async Task MeasurePostgresAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        var probe = new LatencyProbe();
        var stages = new EventStages(probe.Handled);
        await using var stack = await StartAsync("postgres", stages, cancellationToken);
        await using var trips = new EmulatorRoundTrips(stack.Runner.Servers, Rate);
        await trips.CreateAsync(cancellationToken);
        await using var database = NpgsqlDataSource.Create(((PostgresRun)stack.Runner.Servers.Store).ConnectionString);
        var table = $"\"{stack.Runner.Environment["DATABASE_SCHEMA"]}\".\"{stack.Runner.Environment["OUTBOX_TABLE"]}\"";
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sweeping = SweepAsync(stack.Runner, stop.Token);
        await CompareAsync(run, Postgres, stages, probe, trips.MeasurePostgresAsync, CommitAsync, cancellationToken);
        trips.Report(run, Postgres);
        await stop.CancelAsync();
        await sweeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        async Task CommitAsync(string id, CancellationToken ct)
        {
            await using var insert = database.CreateCommand($"INSERT INTO {table} (event_id, subject, payload) VALUES ($1, 'orders.placed', $2)");
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = BenchPayload.Text });
            await insert.ExecuteNonQueryAsync(ct);
        }
    }

    private static async Task CompareAsync(
        BenchmarkRun run,
        string path,
        EventStages stages,
        LatencyProbe probe,
        Func<int, CancellationToken, Task<double[]>> serversAlone,
        Func<string, CancellationToken, Task> commitAsync,
        CancellationToken cancellationToken)
    {
        var events = run.Options.Of(Events);
        run.Say($"{path}: {run.Options.Of(WarmUp)} events to warm up");
        await MeasureAsync(run.Options.Of(WarmUp), WarmUpRate, cancellationToken);
        stages.Forget();
        await run.CompareAsync(
            new Comparison(path, [Metric.Milliseconds(P50), Metric.Milliseconds("p99")], [
                Arm.Latency("the servers alone, one after the other", ct => serversAlone(events, ct)),
                Arm.Latency("commit to effect", ct => MeasureAsync(events, Rate, ct)) with
                {
                    Targets = new Dictionary<string, Target> { [P50] = Target.AtMost(2) },
                },
            ])
            { Rows = "18" },
            cancellationToken);
        stages.Report(run, path);

        Task<double[]> MeasureAsync(int rows, int rate, CancellationToken ct) => probe.MeasureAsync(
            rows,
            rate,
            async (_, token) =>
            {
                var id = Guid.NewGuid().ToString();
                await commitAsync(id, token);
                stages.Committed(id);
                return id;
            },
            ct);
    }

    // What is due beyond the notifications is the schedule's; here one sweep follows the other.
    private static async Task SweepAsync(LocalRunner runner, CancellationToken cancellationToken)
    {
        while (true)
        {
            await runner.InvokeAsync(runner.Functions["SweepRelay"], null, cancellationToken);
        }
    }

    private static Task<BenchStack> StartAsync(string store, EventStages stages, CancellationToken cancellationToken) => BenchStack.StartAsync(
        BenchStack.BuiltFunctions, store, "sqs", cancellationToken, options => options with { OnInvocation = stages.Invoked });
}
