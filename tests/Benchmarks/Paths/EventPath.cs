using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Npgsql;
using Relaybox.Benchmarks.Lambda;
using Relaybox.Benchmarks.Stores;
using Relaybox.Local.Aws;
using Relaybox.Local.Running;
using Relaybox.Local.Stores.DynamoDb;
using Relaybox.Local.Stores.Postgres;

namespace Relaybox.Benchmarks.Paths;

/// <summary>template.yaml on this machine with SQS, and an app that commits single events and sees them handled.</summary>
internal sealed class EventPath : IAsyncDisposable
{
    private readonly LatencyProbe _probe;
    private readonly CancellationTokenSource _stop = new();
    private readonly IDisposable _client;
    private readonly Func<string, CancellationToken, Task> _commitAsync;
    private readonly Task _sweeping;

    private EventPath(BenchStack stack, EventStages stages, LatencyProbe probe)
    {
        (Stack, Stages, _probe) = (stack, stages, probe);
        (_client, _commitAsync, _sweeping) = stack.Runner.Servers.Store switch
        {
            DynamoDbRun dynamoDb => OnDynamoDb(dynamoDb),
            PostgresRun postgres => OnPostgres(postgres),
            var store => throw new NotSupportedException($"No path begins in {store.GetType().Name}."),
        };
    }

    public BenchStack Stack { get; }

    public EventStages Stages { get; }

    /// <param name="store">dynamodb, whose stream is relayed, or postgres, where one sweep that listens follows the other.</param>
    /// <param name="configure">What is not the template's.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<EventPath> StartAsync(
        string store, Func<RunnerOptions, RunnerOptions> configure, CancellationToken cancellationToken)
    {
        var probe = new LatencyProbe();
        var stages = new EventStages(probe.Handled);
        var stack = await BenchStack.StartAsync(
            BenchStack.BuiltFunctions, store, "sqs", cancellationToken, options => configure(options) with { OnInvocation = stages.Invoked });
        return new EventPath(stack, stages, probe);
    }

    /// <summary>Commits events at a pace, and measures each from its commit to the answer of the consumer that has handled it.</summary>
    /// <returns>Milliseconds.</returns>
    public Task<double[]> MeasureAsync(int events, int rate, CancellationToken cancellationToken) => _probe.MeasureAsync(
        events,
        rate,
        async (_, ct) =>
        {
            var id = Guid.NewGuid().ToString();
            await _commitAsync(id, ct);
            Stages.Committed(id);
            return id;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sweeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        await Stack.DisposeAsync();
        _stop.Dispose();
    }

    private (IDisposable Client, Func<string, CancellationToken, Task> CommitAsync, Task Sweeping) OnDynamoDb(DynamoDbRun run)
    {
        var dynamoDb = new AmazonDynamoDBClient(
            new BasicAWSCredentials(LocalAws.AccessKeyId, LocalAws.SecretAccessKey),
            new AmazonDynamoDBConfig { ServiceURL = run.Endpoint.ToString(), AuthenticationRegion = LocalAws.Region });
        var table = Stack.Runner.Environment["OUTBOX_TABLE"];
        return (dynamoDb, CommitAsync, Task.CompletedTask);

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

    private (IDisposable Client, Func<string, CancellationToken, Task> CommitAsync, Task Sweeping) OnPostgres(PostgresRun run)
    {
        var database = NpgsqlDataSource.Create(run.ConnectionString);
        var table = $"\"{Stack.Runner.Environment["DATABASE_SCHEMA"]}\".\"{Stack.Runner.Environment["OUTBOX_TABLE"]}\"";
        return (database, CommitAsync, SweepAsync());

        async Task CommitAsync(string id, CancellationToken ct)
        {
            await using var insert = database.CreateCommand($"INSERT INTO {table} (event_id, subject, payload) VALUES ($1, 'orders.placed', $2)");
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = BenchPayload.Text });
            await insert.ExecuteNonQueryAsync(ct);
        }
    }

    // What is due beyond the notifications is the schedule's; here one sweep follows the other.
    private async Task SweepAsync()
    {
        while (true)
        {
            await Stack.Runner.InvokeAsync(Stack.Runner.Functions["SweepRelay"], null, _stop.Token);
        }
    }
}
