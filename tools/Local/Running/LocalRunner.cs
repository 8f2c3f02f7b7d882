using System.Text;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.Aws;
using Relaybox.Local.Emulators;
using Relaybox.Local.Output;
using Relaybox.Local.Processes;
using Relaybox.Local.Provisioning;
using Relaybox.Local.Runtime;
using Relaybox.Local.Stack;
using Relaybox.Local.Template;

namespace Relaybox.Local.Running;

/// <summary>
/// A template that runs on this machine: emulators, tables and queues, the functions' processes, their event
/// sources. Disposing stops everything that was started.
/// </summary>
internal sealed class LocalRunner : IAsyncDisposable
{
    private const string StackName = "relaybox";
    private const int MostWorkers = 4;

    private readonly RunnerOptions options;
    private readonly ILiveOutput output;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<string, FunctionHost> hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<EmulatorProcess> emulators = [];
    private readonly StateFiles state;
    private RuntimeApiServer? server;
    private bool isDisposed;

    private LocalRunner(RunnerOptions options, ILiveOutput output)
    {
        this.options = options;
        this.output = output;
        state = new StateFiles(options.StateDirectory);
    }

    public StackDefinition Stack { get; private set; } = null!;

    public Uri DynamoDbEndpoint => emulators[0].Endpoint;

    public Uri SqsEndpoint => emulators[1].Endpoint;

    public EventSourcePlayer Sources { get; private set; } = null!;

    /// <summary>What the functions have counted.</summary>
    public MetricTally Metrics { get; } = new();

    /// <summary>What <c>.relaybox/env</c> holds.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; private set; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, FunctionHost> Functions => hosts;

    /// <summary>Starts everything; on return the functions are ready for events.</summary>
    /// <exception cref="RunnerException">Something is missing that the person at the keyboard can mend.</exception>
    public static async Task<LocalRunner> StartAsync(RunnerOptions options, ILiveOutput output, CancellationToken cancellationToken)
    {
        var runner = new LocalRunner(options, output);
        try
        {
            await runner.StartAsync(cancellationToken);
            return runner;
        }
        catch
        {
            await runner.DisposeAsync();
            throw;
        }
    }

    /// <summary>Completes when a part that everything depends on has ended by itself; the result says which.</summary>
    public async Task<string> FailureAsync(CancellationToken cancellationToken)
    {
        var parts = emulators.ToDictionary(emulator => emulator.Ended, emulator => $"The {emulator.Name} emulator ended.");
        var sources = Sources.Completion;
        var ended = await Task.WhenAny([.. parts.Keys, sources]).WaitAsync(cancellationToken);
        return ended == sources ? $"An event source failed: {sources.Exception?.InnerException?.Message}" : parts[ended];
    }

    /// <summary>Runs a function once, outside its event sources.</summary>
    public Task<InvocationResult> InvokeAsync(FunctionHost host, string? payload, CancellationToken cancellationToken)
    {
        var input = payload ?? host.Function.Events.OfType<ScheduleEventDefinition>().FirstOrDefault()?.Input ?? "{}";
        return host.InvokeAsync(Encoding.UTF8.GetBytes(input), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isDisposed, true))
        {
            return;
        }

        await stopping.CancelAsync();
        await Task.WhenAll(hosts.Values.Select(host => host.DisposeAsync().AsTask()));
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        await Task.WhenAll(emulators.Select(emulator => emulator.DisposeAsync().AsTask()));
        state.Clear();
        stopping.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var ports = options.PortBase == 0 ? NetworkPorts.Free(3) : [.. Enumerable.Range(options.PortBase, 3)];
        var sqsEndpoint = new Uri($"http://127.0.0.1:{ports[1]}/");
        Stack = WithVisibility(LoadStack(sqsEndpoint));
        var commands = Stack.Functions.ToDictionary(
            function => function.LogicalId, function => WorkerCommand.Find(options.FunctionsDirectory, function.Handler));
        state.RequireNoOtherRunner();
        RequireFree(ports);

        await StartEmulatorsAsync(ports, cancellationToken);
        await new StackProvisioner(AwsJsonClient.DynamoDb(DynamoDbEndpoint), AwsJsonClient.Sqs(SqsEndpoint)).CreateAsync(Stack, cancellationToken);
        output.Information($"Created {Stack.Tables.Count} tables and {Stack.Queues.Count} queues.");
        Environment = StackEnvironment.Create(Stack, DynamoDbEndpoint, SqsEndpoint);

        server = await RuntimeApiServer.StartAsync(ports[2], hosts, MapControl, cancellationToken);
        foreach (var function in Stack.Functions)
        {
            AddHost(function, commands[function.LogicalId]);
        }

        WriteProcesses();
        await Task.WhenAll(hosts.Values.Select(host => host.WaitUntilReadyAsync(cancellationToken)));
        Sources = new EventSourcePlayer(Stack, DynamoDbEndpoint, AwsJsonClient.Sqs(SqsEndpoint), options.DuplicatePercent, output, TimeProvider.System);
        foreach (var host in hosts.Values)
        {
            await Sources.StartAsync(host, options.RunSchedules, stopping.Token);
        }

        state.WriteEnvironment(Environment);
        state.IsReady = true;
        WriteProcesses();
    }

    private StackDefinition LoadStack(Uri sqsEndpoint)
    {
        if (!File.Exists(options.TemplatePath))
        {
            throw new RunnerException($"There is no template {options.TemplatePath}. Pass --template PATH.");
        }

        try
        {
            var stack = StackLoader.Load(File.ReadAllText(options.TemplatePath), new StackOptions(StackName, sqsEndpoint, options.Parameters));
            foreach (var note in stack.Notes)
            {
                output.Information(note);
            }

            return stack;
        }
        catch (TemplateException exception)
        {
            throw new RunnerException($"{options.TemplatePath}: {exception.Message}", exception);
        }
    }

    private StackDefinition WithVisibility(StackDefinition stack)
    {
        if (options.VisibilitySeconds is not { } seconds)
        {
            return stack;
        }

        var fed = stack.Functions.SelectMany(function => function.Events).OfType<QueueEventDefinition>().Select(source => source.QueueArn).ToHashSet();
        output.Information($"Messages that a function does not finish come back after {seconds} s here, not after the template's visibility timeout.");
        return stack with
        {
            Queues = [.. stack.Queues.Select(queue => fed.Contains(queue.Arn)
                ? queue with { Attributes = new Dictionary<string, string>(queue.Attributes) { ["VisibilityTimeout"] = $"{seconds}" } }
                : queue)],
        };
    }

    private static void RequireFree(int[] ports)
    {
        NetworkPorts.RequireFree(ports[0], "DynamoDB");
        NetworkPorts.RequireFree(ports[1], "SQS");
        NetworkPorts.RequireFree(ports[2], "Runtime API");
    }

    private async Task StartEmulatorsAsync(int[] ports, CancellationToken cancellationToken)
    {
        var dynamoDb = DynamoDbProcess.StartAsync(ports[0], cancellationToken);
        var sqs = SqsProcess.StartAsync(ports[1], cancellationToken);
        await Task.WhenAll(dynamoDb, sqs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        emulators.AddRange(new Task<EmulatorProcess>?[] { Started(dynamoDb), Started(sqs) }.OfType<Task<EmulatorProcess>>().Select(task => task.Result));
        await Task.WhenAll(dynamoDb, sqs);
        output.Information($"DynamoDB on {DynamoDbEndpoint}, SQS on {SqsEndpoint}");

        static Task<EmulatorProcess>? Started<T>(Task<T> start)
            where T : EmulatorProcess =>
            start.IsCompletedSuccessfully ? Task.FromResult<EmulatorProcess>(start.Result) : null;
    }

    private void AddHost(FunctionDefinition function, WorkerCommand command)
    {
        var host = new FunctionHost(
            function,
            new FunctionHostOptions { StartWorker = StartWorker, MaximumWorkers = MaximumWorkers(function) },
            output,
            TimeProvider.System);
        host.WorkersChanged += WriteProcesses;
        hosts.Add(function.ShortName, host);
        host.Start();

        ChildProcess StartWorker(FunctionDefinition definition, string worker) => ChildProcess.Start(
            command.Program,
            command.Arguments,
            options.FunctionsDirectory,
            WorkerEnvironment.Create(
                definition, server!.AddressOf(definition.ShortName, worker), worker, DynamoDbEndpoint, SqsEndpoint, options.Environment),
            line => OnLine(definition.ShortName, line));
    }

    private void OnLine(string function, string line)
    {
        if (!Metrics.TryAdd(line))
        {
            output.FunctionLine(function, line);
        }
    }

    private static int MaximumWorkers(FunctionDefinition function)
    {
        var wanted = function.Events.OfType<QueueEventDefinition>().Select(source => source.MaximumConcurrency ?? MostWorkers).DefaultIfEmpty(1).Max();
        return Math.Max(1, Math.Min(Math.Min(wanted, function.ReservedConcurrency ?? MostWorkers), MostWorkers));
    }

    private void MapControl(IEndpointRouteBuilder routes) => ControlEndpoint.Map(routes, this);

    private void WriteProcesses()
    {
        if (!stopping.IsCancellationRequested && server is not null)
        {
            state.WriteProcesses(server.Port, hosts.Values, emulators);
        }
    }
}
