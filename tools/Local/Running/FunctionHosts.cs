using Relaybox.Local.Lambda;
using Relaybox.Local.Output;
using Relaybox.Local.Permissions;
using Relaybox.Local.Processes;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Running;

/// <summary>The functions of a run in their processes.</summary>
/// <param name="options">Where the functions are, and who sees what they do.</param>
/// <param name="output">Gets what they print, but for metrics.</param>
/// <param name="onWorkersChanged">Is called when a process starts or ends.</param>
internal sealed class FunctionHosts(RunnerOptions options, ILiveOutput output, Action onWorkersChanged) : IAsyncDisposable
{
    private const int MostWorkers = 4;

    // A sweep that listens ends after the next one has begun.
    private const int ScheduledWorkers = 2;

    private readonly Dictionary<string, FunctionHost> _hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The functions by their short names.</summary>
    public IReadOnlyDictionary<string, FunctionHost> ByName => _hosts;

    /// <summary>What the functions have counted.</summary>
    public MetricTally Metrics { get; } = new();

    /// <summary>Finds the executable of each function.</summary>
    /// <exception cref="RunnerException">Nothing of its name has been built.</exception>
    public IReadOnlyDictionary<string, WorkerCommand> FindCommands(StackDefinition stack) => stack.Functions.ToDictionary(
        function => function.LogicalId, function => WorkerCommand.Find(options.FunctionsDirectory, function.Handler));

    /// <summary>Starts the first process of a function; it may still be initialising on return.</summary>
    public void Start(FunctionDefinition function, WorkerCommand command, RuntimeApiServer server, GuardedServices services)
    {
        var host = new FunctionHost(
            function,
            new FunctionHostOptions
            {
                StartWorker = StartWorker,
                MaximumWorkers = MaximumWorkers(function),
                OnInvocation = invocation => options.OnInvocation?.Invoke(function.ShortName, invocation),
            },
            output,
            TimeProvider.System);
        host.WorkersChanged += onWorkersChanged;
        _hosts.Add(function.ShortName, host);
        host.Start();

        ChildProcess StartWorker(FunctionDefinition definition, string worker) => ChildProcess.Start(
            command.Program,
            command.Arguments,
            options.FunctionsDirectory,
            WorkerEnvironment.Create(
                definition, server.AddressOf(definition.ShortName, worker), worker, server.Port, services.Endpoints, options.Environment,
                services.AccessKeyOf(definition)),
            line => OnLine(definition.ShortName, line));
    }

    /// <summary>Waits until each has a process that asks for events.</summary>
    /// <exception cref="RunnerException">One cannot initialise.</exception>
    public Task WaitUntilReadyAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_hosts.Values.Select(host => host.WaitUntilReadyAsync(cancellationToken)));

    public async ValueTask DisposeAsync() => await Task.WhenAll(_hosts.Values.Select(host => host.DisposeAsync().AsTask()));

    private void OnLine(string function, string line)
    {
        options.OnFunctionLine?.Invoke(function, line);
        if (!Metrics.TryAdd(line) || FunctionLogLine.HasMessage(line))
        {
            output.FunctionLine(function, line);
        }
    }

    private static int MaximumWorkers(FunctionDefinition function)
    {
        var wanted = function.Events.OfType<QueueEventDefinition>()
            .Select(source => source.MaximumConcurrency ?? MostWorkers)
            .DefaultIfEmpty(ScheduledWorkers)
            .Max();
        return Math.Max(1, Math.Min(Math.Min(wanted, function.ReservedConcurrency ?? MostWorkers), MostWorkers));
    }
}
