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
    private readonly RunnerOptions options;
    private readonly ILiveOutput output;
    private readonly CancellationTokenSource stopping = new();
    private readonly FunctionHosts functions;
    private readonly StateFiles state;
    private StackPlan? plan;
    private LocalServers? servers;
    private GuardedServices? services;
    private RuntimeApiServer? server;
    private bool isDisposed;

    private LocalRunner(RunnerOptions options, ILiveOutput output)
    {
        this.options = options;
        this.output = output;
        functions = new FunctionHosts(options, output, WriteProcesses);
        state = new StateFiles(options.StateDirectory);
    }

    public StackDefinition Stack => Plan.Stack;

    public LocalPorts Ports => Plan.Ports;

    /// <summary>The servers; the store and the broker among them, which say more by their own types.</summary>
    public LocalServers Servers => servers ?? throw new InvalidOperationException("The servers have not been started.");

    public EventSourcePlayer Sources { get; private set; } = null!;

    /// <summary>What the functions have counted.</summary>
    public MetricTally Metrics => functions.Metrics;

    /// <summary>What the functions' roles allow, and what was called.</summary>
    public PermissionLog Permissions => services!.Permissions;

    /// <summary>What <c>.relaybox/env</c> holds.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; private set; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, FunctionHost> Functions => functions.ByName;

    private StackPlan Plan => plan ?? throw new InvalidOperationException("The template has not been read.");

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
        if (Interlocked.Exchange(ref isDisposed, true))
        {
            return;
        }

        await stopping.CancelAsync();
        if (Sources is not null)
        {
            await Sources.DisposeAsync();
        }

        await functions.DisposeAsync();
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        if (services is not null)
        {
            await services.DisposeAsync();
        }

        if (servers is not null)
        {
            await servers.DisposeAsync();
        }

        state.Clear();
        stopping.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        state.RequireNoOtherRunner();
        plan = StackPlan.Make(options);
        var commands = functions.FindCommands(Stack);
        if (options.VisibilitySeconds is { } seconds)
        {
            output.Information($"Messages that a function does not finish come back after {seconds} s here, not after the template's visibility timeout.");
        }

        servers = new LocalServers(plan.StoreRun, plan.BrokerRun, Ports.Sqs);
        await servers.StartAsync(output, cancellationToken);
        services = await GuardedServices.StartAsync(options, Stack, servers.AwsEndpoints, cancellationToken);
        foreach (var note in Stack.Notes)
        {
            output.Information(note);
        }

        await servers.ProvisionAsync(Stack, output, cancellationToken);
        Environment = StackEnvironment.Create(plan, servers);

        server = await RuntimeApiServer.StartAsync(Ports.Runtime, Functions, MapControl, cancellationToken);
        foreach (var function in Stack.Functions)
        {
            functions.Start(function, commands[function.LogicalId], server, services);
        }

        WriteProcesses();
        await functions.WaitUntilReadyAsync(cancellationToken);
        await SetUpAsync(cancellationToken);
        await PlayAsync();

        state.WriteEnvironment(Environment);
        state.IsReady = true;
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

        output.Information($"Setup: {result.Text}");
    }

    private async Task PlayAsync()
    {
        Sources = new EventSourcePlayer(Stack, Servers, services!, options.DuplicatePercent, output, TimeProvider.System);
        await Sources.StartPulledAsync(stopping.Token);
        foreach (var host in Functions.Values)
        {
            await Sources.StartAsync(host, options.RunSchedules, stopping.Token);
        }
    }

    private void MapControl(IEndpointRouteBuilder routes)
    {
        ControlEndpoint.Map(routes, this);
        Plan.Secrets.Map(routes, () => services is { AreEnforced: true } ? services.Permissions : null);
    }

    private void WriteProcesses()
    {
        if (!stopping.IsCancellationRequested && server is not null)
        {
            state.WriteProcesses(server.Port, Functions.Values, Servers.Processes);
        }
    }
}
