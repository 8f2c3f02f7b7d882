using System.Text;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.Demo;
using Relaybox.Local.Lambda;
using Relaybox.Local.Output;
using Relaybox.Local.Permissions;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Running;

/// <summary>
/// A template that runs on this machine: emulators, tables and queues, the functions' processes, their event
/// sources. Disposing stops everything that was started.
/// </summary>
internal sealed class LocalRunner : IAsyncDisposable
{
    private readonly RunnerOptions _options;
    private readonly ILiveOutput _output;
    private readonly CancellationTokenSource _stopping = new();
    private readonly FunctionHosts _functions;
    private readonly StateFiles _state;
    private StackPlan? _plan;
    private LocalServers? _servers;
    private GuardedServices? _services;
    private RuntimeApiServer? _server;
    private bool _isDisposed;

    private LocalRunner(RunnerOptions options, ILiveOutput output)
    {
        _options = options;
        _output = output;
        _functions = new FunctionHosts(options, output, WriteProcesses);
        _state = new StateFiles(options.StateDirectory);
    }

    public StackDefinition Stack => Plan.Stack;

    public LocalPorts Ports => Plan.Ports;

    /// <summary>The servers; the store and the broker among them, which say more by their own types.</summary>
    public LocalServers Servers => _servers ?? throw new InvalidOperationException("The servers have not been started.");

    public EventSourcePlayer Sources { get; private set; } = null!;

    /// <summary>What the functions have counted.</summary>
    public MetricTally Metrics => _functions.Metrics;

    /// <summary>What the functions' roles allow, and what was called.</summary>
    public PermissionLog Permissions => _services!.Permissions;

    /// <summary>What <c>.relaybox/env</c> holds.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; private set; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, FunctionHost> Functions => _functions.ByName;

    private StackPlan Plan => _plan ?? throw new InvalidOperationException("The template has not been read.");

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
        var parts = Servers.Processes.ToDictionary(process => process.Ended, process => $"The {process.Name} server ended.");
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

    /// <summary>Makes the demo's app on the run's store.</summary>
    public IDemoApp CreateDemoApp() => Servers.Store.CreateDemoApp(Environment);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stopping.CancelAsync();
        if (Sources is not null)
        {
            await Sources.DisposeAsync();
        }

        await _functions.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        if (_servers is not null)
        {
            await _servers.DisposeAsync();
        }

        _state.Clear();
        _stopping.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        _state.RequireNoOtherRunner();
        _plan = StackPlan.Make(_options);
        var commands = _functions.FindCommands(Stack);
        if (_options.VisibilitySeconds is { } seconds)
        {
            _output.Information(
                $"Messages that a function does not finish come back after {seconds} s here, not after the template's visibility timeout.");
        }

        _servers = new LocalServers(_plan.StoreRun, _plan.BrokerRun, Ports.Sqs);
        await _servers.StartAsync(_output, cancellationToken);
        _services = await GuardedServices.StartAsync(_options, Stack, _servers.AwsEndpoints, cancellationToken);
        foreach (var note in Stack.Notes)
        {
            _output.Information(note);
        }

        await _servers.ProvisionAsync(Stack, _output, cancellationToken);
        Environment = StackEnvironment.Create(_plan, _servers);

        _server = await RuntimeApiServer.StartAsync(Ports.Runtime, Functions, MapControl, cancellationToken);
        foreach (var function in Stack.Functions)
        {
            _functions.Start(function, commands[function.LogicalId], _server, _services);
        }

        WriteProcesses();
        await _functions.WaitUntilReadyAsync(cancellationToken);
        await SetUpAsync(cancellationToken);
        await PlayAsync();

        _state.WriteEnvironment(Environment);
        _state.IsReady = true;
        WriteProcesses();
    }

    /// <summary>What a person does after a deployment: lets Setup make tables and streams, before anything needs them.</summary>
    private async Task SetUpAsync(CancellationToken cancellationToken)
    {
        if (!Functions.TryGetValue("Setup", out var setup))
        {
            return;
        }

        var result = await InvokeAsync(setup, null, cancellationToken);
        if (!result.Succeeded)
        {
            throw new RunnerException($"Setup failed: {result.Text}");
        }

        _output.Information($"Setup: {result.Text}");
    }

    private async Task PlayAsync()
    {
        Sources = new EventSourcePlayer(Stack, Servers, _services!, _options.DuplicatePercent, _output, TimeProvider.System);
        await Sources.StartPulledAsync(_stopping.Token);
        foreach (var host in Functions.Values)
        {
            await Sources.StartAsync(host, _options.RunSchedules, _stopping.Token);
        }
    }

    private void MapControl(IEndpointRouteBuilder routes)
    {
        ControlEndpoint.Map(routes, this);
        InvokeEndpoint.Map(routes, Functions);
        EventSourceEndpoint.Map(routes, () => Sources?.Mappings ?? []);
        ScheduleEndpoint.Map(routes, Stack.Functions);
        Plan.Secrets.Map(routes, () => _services is { AreEnforced: true } ? _services.Permissions : null);
    }

    private void WriteProcesses()
    {
        if (!_stopping.IsCancellationRequested && _server is not null)
        {
            _state.WriteProcesses(_server.Port, Functions.Values, Servers.Processes);
        }
    }
}
