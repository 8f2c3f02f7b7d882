using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.Aws;
using Relaybox.Local.Servers;
using Relaybox.Local.Output;
using Relaybox.Local.Permissions;
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

    // A sweep that listens ends after the next one has begun.
    private const int ScheduledWorkers = 2;

    private readonly RunnerOptions options;
    private readonly ILiveOutput output;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<string, FunctionHost> hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly LocalSecrets secrets = new();
    private readonly StateFiles state;
    private LocalServers? servers;
    private GuardedServices? services;
    private RuntimeApiServer? server;
    private bool isDisposed;

    private LocalRunner(RunnerOptions options, ILiveOutput output)
    {
        this.options = options;
        this.output = output;
        state = new StateFiles(options.StateDirectory);
    }

    public StackDefinition Stack { get; private set; } = null!;

    public LocalServers Servers => servers ?? throw new InvalidOperationException("The servers have not been started.");

    public EventSourcePlayer Sources { get; private set; } = null!;

    /// <summary>What the functions have counted.</summary>
    public MetricTally Metrics { get; } = new();

    /// <summary>What the functions' roles allow, and what was called.</summary>
    public PermissionLog Permissions => services!.Permissions;

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

        await Task.WhenAll(hosts.Values.Select(host => host.DisposeAsync().AsTask()));
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
        var ports = LocalPorts.From(options.PortBase);
        var template = ReadTemplate();
        var choice = Explained(() => StackLoader.Choose(template, options.Parameters));
        state.RequireNoOtherRunner();
        ports.RequireFree(choice);

        // Before anything is started: a template that is wrong costs nobody a second.
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        Stack = WithVisibility(LoadStack(template, ports, choice, password));
        var commands = Stack.Functions.ToDictionary(
            function => function.LogicalId, function => WorkerCommand.Find(options.FunctionsDirectory, function.Handler));

        servers = await LocalServers.StartAsync(ports, choice, password, output, cancellationToken);
        services = await GuardedServices.StartAsync(options, Stack, servers, cancellationToken);
        foreach (var note in Stack.Notes)
        {
            output.Information(note);
        }

        await new StackProvisioner(Servers.DynamoDb is { } dynamoDb ? AwsJsonClient.DynamoDb(dynamoDb) : null, AwsJsonClient.Sqs(Servers.Sqs))
            .CreateAsync(Stack, cancellationToken);
        output.Information($"Created {Stack.Tables.Count} tables and {Stack.Queues.Count} queues.");
        Environment = StackEnvironment.Create(Stack, Servers);

        server = await RuntimeApiServer.StartAsync(ports.Runtime, hosts, MapControl, cancellationToken);
        foreach (var function in Stack.Functions)
        {
            AddHost(function, commands[function.LogicalId]);
        }

        WriteProcesses();
        await Task.WhenAll(hosts.Values.Select(host => host.WaitUntilReadyAsync(cancellationToken)));
        await SetUpAsync(cancellationToken);
        Sources = new EventSourcePlayer(Stack, Servers, services, options.DuplicatePercent, output, TimeProvider.System);
        await Sources.StartJetStreamAsync(stopping.Token);
        foreach (var host in hosts.Values)
        {
            await Sources.StartAsync(host, options.RunSchedules, stopping.Token);
        }

        state.WriteEnvironment(Environment);
        state.IsReady = true;
        WriteProcesses();
    }

    /// <summary>What a person does after a deployment: lets Setup make tables and streams, before anything needs them.</summary>
    private async Task SetUpAsync(CancellationToken cancellationToken)
    {
        if (!hosts.TryGetValue("Setup", out var setup))
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

    private string ReadTemplate() => File.Exists(options.TemplatePath)
        ? File.ReadAllText(options.TemplatePath)
        : throw new RunnerException($"There is no template {options.TemplatePath}. Pass --template PATH.");

    private StackDefinition LoadStack(string template, LocalPorts ports, StackChoice choice, string password)
    {
        var parameters = new Dictionary<string, string>(options.Parameters);
        foreach (var (arn, text) in options.Secrets)
        {
            secrets.Keep(arn, text);
        }

        if (choice.IsPostgres)
        {
            // Without a secret of the owner's the functions are the owner; otherwise they get what Setup grants them, and no more.
            parameters.TryAdd("DatabaseOwnerSecretArn", secrets.Add("database-owner", Database(PostgresCluster.User)));
            var user = parameters["DatabaseOwnerSecretArn"].Length == 0 ? PostgresCluster.User : LocalServers.FunctionsUser;
            parameters.TryAdd("DatabaseSecretArn", secrets.Add("database", Database(user)));
            parameters.TryAdd("DatabaseFunctionsUser", user);
        }

        if (choice.IsNats)
        {
            parameters.TryAdd("NatsUrl", $"nats://127.0.0.1:{ports.Nats}");
        }

        return Explained(() => StackLoader.Load(template, new StackOptions(StackName, new Uri($"http://127.0.0.1:{ports.Sqs}/"), parameters) { Properties = options.Properties }));

        string Database(string user) => new JsonObject
        {
            ["engine"] = "postgres",
            ["host"] = "127.0.0.1",
            ["port"] = ports.Postgres,
            ["dbname"] = "postgres",
            ["username"] = user,
            ["password"] = password,
        }.ToJsonString();
    }

    private T Explained<T>(Func<T> read)
    {
        try
        {
            return read();
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

    private void AddHost(FunctionDefinition function, WorkerCommand command)
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
        host.WorkersChanged += WriteProcesses;
        hosts.Add(function.ShortName, host);
        host.Start();

        ChildProcess StartWorker(FunctionDefinition definition, string worker) => ChildProcess.Start(
            command.Program,
            command.Arguments,
            options.FunctionsDirectory,
            WorkerEnvironment.Create(
                definition, server!.AddressOf(definition.ShortName, worker), worker, server.Port, services!.DynamoDb, services.Sqs, options.Environment,
                services.AccessKeyOf(definition)),
            line => OnLine(definition.ShortName, line));
    }

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
        var wanted = function.Events.OfType<QueueEventDefinition>().Select(source => source.MaximumConcurrency ?? MostWorkers).DefaultIfEmpty(ScheduledWorkers).Max();
        return Math.Max(1, Math.Min(Math.Min(wanted, function.ReservedConcurrency ?? MostWorkers), MostWorkers));
    }

    private void MapControl(IEndpointRouteBuilder routes)
    {
        ControlEndpoint.Map(routes, this);
        secrets.Map(routes, () => services is { AreEnforced: true } ? services.Permissions : null);
    }

    private void WriteProcesses()
    {
        if (!stopping.IsCancellationRequested && server is not null)
        {
            state.WriteProcesses(server.Port, hosts.Values, Servers.Processes);
        }
    }
}
