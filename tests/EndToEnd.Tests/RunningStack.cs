using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Relaybox.Local.Output;
using Relaybox.Local.Running;
using Relaybox.Local.Stores.DynamoDb;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests;

/// <summary>
/// template.yaml on this machine, with the real executable in processes of its own; emulators, not AWS. A call that a
/// function's role does not allow is refused, and fails the test.
/// </summary>
internal sealed class RunningStack : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly LocalRunner _runner;
    private readonly DirectoryInfo _state;
    private readonly AmazonDynamoDBClient? _dynamoDb;

    private RunningStack(LocalRunner runner, DirectoryInfo state, LastLines output)
    {
        _runner = runner;
        _state = state;
        Output = output;
        if (runner.Servers.Store is DynamoDbRun { Endpoint: var dynamoDb })
        {
            _dynamoDb = new AmazonDynamoDBClient(
                new BasicAWSCredentials("local", "local"),
                new AmazonDynamoDBConfig { ServiceURL = dynamoDb.ToString(), AuthenticationRegion = runner.Environment["AWS_REGION"] });
        }
    }

    public AmazonDynamoDBClient DynamoDb => _dynamoDb ?? throw new InvalidOperationException("The store is not DynamoDB.");

    public LocalRunner Runner => _runner;

    public LastLines Output { get; }

    /// <summary>The variables that a shell can source.</summary>
    public string EnvironmentFile => Path.Combine(_state.FullName, "env");

    public string OutboxTable => _runner.Environment["OUTBOX_TABLE"];

    public static async Task<RunningStack> StartAsync(
        string? functionsDirectory = null,
        double duplicatePercent = 0,
        Func<RunnerOptions, RunnerOptions>? configure = null,
        params (string Name, string Value)[] parameters)
    {
        var state = Directory.CreateTempSubdirectory("relaybox-e2e-");
        var output = new LastLines();
        var options = new RunnerOptions
        {
            TemplatePath = RepositoryRoot.Combine("template.yaml"),
            StateDirectory = state.FullName,
            FunctionsDirectory = functionsDirectory ?? Publication.Folder,
            PortBase = 0,
            Parameters = parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value),
            Environment = new Dictionary<string, string>
            {
                ["INBOX_LEASE_SECONDS"] = "5", ["RELAY_LEASE_SECONDS"] = "5", ["STALE_AFTER_SECONDS"] = "0",
            },
            VisibilitySeconds = 5,
            DuplicatePercent = duplicatePercent,
            RunSchedules = false,
            EnforceRoles = true,
        };
        var runner = await LocalRunner.StartAsync(configure?.Invoke(options) ?? options, output, CancellationToken.None);
        return new RunningStack(runner, state, output);
    }

    public static AttributeValue S(string value) => new() { S = value };

    public static AttributeValue N(long value) => new() { N = $"{value}" };

    /// <summary>Writes a row as an app would, by hand.</summary>
    public Task WriteAsync(string eventId, params (string Name, AttributeValue Value)[] more)
    {
        var item = new Dictionary<string, AttributeValue>
        {
            ["eventId"] = S(eventId),
            ["subject"] = S("orders.placed"),
            ["payload"] = S($$"""{"orderId":"{{eventId}}"}"""),
            ["status"] = S("pending"),
        };
        foreach (var (name, value) in more)
        {
            item[name] = value;
        }

        return DynamoDb.PutItemAsync(new PutItemRequest
        {
            TableName = OutboxTable,
            Item = item,
            ConditionExpression = "attribute_not_exists(eventId)",
        });
    }

    /// <summary>Writes a row that the relay has parked because the queue refused it.</summary>
    public Task ParkAsync(string eventId, DateTimeOffset parkedAt)
    {
        var milliseconds = parkedAt.ToUnixTimeMilliseconds();
        return WriteAsync(
            eventId,
            ("status", S("failed")), ("dueShard", S("failed")), ("dueAt", N(milliseconds)), ("failedAt", N(milliseconds)),
            ("attempts", N(10)), ("errorCode", S("publish.rejected")), ("errorMessage", S("The queue refused it.")));
    }

    public async Task<Dictionary<string, AttributeValue>> RowAsync(string eventId) =>
        (await DynamoDb.GetItemAsync(OutboxTable, new() { ["eventId"] = S(eventId) }, consistentRead: true)).Item ?? [];

    /// <summary>How often each event's handler has had its effect.</summary>
    public async Task<Dictionary<string, long>> EffectsAsync()
    {
        var effects = new Dictionary<string, long>();
        var request = new ScanRequest { TableName = _runner.Environment["EFFECTS_TABLE"], ConsistentRead = true };
        do
        {
            var page = await DynamoDb.ScanAsync(request);
            foreach (var item in page.Items ?? [])
            {
                effects[item["eventId"].S] = long.Parse(item["applied"].N, null);
            }

            request.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (request.ExclusiveStartKey is { Count: > 0 });

        return effects;
    }

    /// <summary>Waits until each of these events has had its effect, and says how often.</summary>
    public Task<Dictionary<string, long>> EffectsOfAsync(IReadOnlyCollection<string> eventIds) => Eventually.ValueAsync(
        EffectsAsync,
        effects => eventIds.All(effects.ContainsKey),
        $"{eventIds.Count} events have their effect. {Output}",
        Patience);

    /// <summary>Waits until a row has a status.</summary>
    public Task<Dictionary<string, AttributeValue>> RowWithStatusAsync(string eventId, string status) => Eventually.ValueAsync(
        () => RowAsync(eventId),
        row => row.TryGetValue("status", out var value) && value.S == status,
        $"row {eventId} is {status}. {Output}",
        Patience);

    /// <summary>Runs a scheduled function now.</summary>
    public async Task<string> InvokeAsync(string function)
    {
        var result = await _runner.InvokeAsync(_runner.Functions[function], payload: null, CancellationToken.None);
        return result.Text;
    }

    /// <summary>Lets one sweep follow the other until it is told to stop.</summary>
    public Task SweepAsync(CancellationToken stop) => InvokeAgainAsync("SweepRelay", stop);

    /// <summary>Lets one run of a scheduled function follow the other until it is told to stop.</summary>
    public async Task InvokeAgainAsync(string function, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await InvokeAsync(function);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Asks the function Operate, as an operator does with the right to an alias.</summary>
    public async Task<string> OperateAsync(string alias, string request)
    {
        var result = await _runner.Functions["Operate"].InvokeAsync(Encoding.UTF8.GetBytes(request), alias, CancellationToken.None);
        return result.Succeeded ? result.Text : throw new InvalidOperationException($"Operate: {result.Text}");
    }

    /// <summary>Kills one process of a function, as `kill -9` does.</summary>
    public void Kill(string function)
    {
        foreach (var pid in _runner.Functions[function].Pids.Take(1))
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                process.Kill();
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // It has just ended by itself.
            }
        }
    }

    public string Variable(string name) => _runner.Environment[name];

    public Uri SqsEndpoint => _runner.Servers.Sqs;

    public async ValueTask DisposeAsync()
    {
        _dynamoDb?.Dispose();
        await _runner.DisposeAsync();
        _state.Delete(recursive: true);
        Assert.Empty(_runner.Permissions.Refused);
    }

    /// <summary>The last lines of the live output, for the message of a test that fails.</summary>
    internal sealed class LastLines : ILiveOutput
    {
        private const int Kept = 30;

        private readonly ConcurrentQueue<string> _lines = [];
        private readonly ConcurrentQueue<string> _outOfMemory = [];

        /// <summary>Every line, of any age, that says that memory was used up.</summary>
        public IReadOnlyCollection<string> OutOfMemory => _outOfMemory;

        public void FunctionLine(string function, string line) => Add($"{function}: {line}");

        public void Information(string text) => Add(text);

        public void Warning(string text) => Add(text);

        public void Error(string text) => Add(text);

        public override string ToString() => "Last output:\n" + string.Join('\n', _lines);

        private void Add(string line)
        {
            _lines.Enqueue(line);
            if (line.Contains("OutOfMemory", StringComparison.Ordinal) || line.Contains("more than its", StringComparison.Ordinal))
            {
                _outOfMemory.Enqueue(line);
            }

            while (_lines.Count > Kept && _lines.TryDequeue(out _))
            {
            }
        }
    }
}
