using Relaybox.Local.Servers;
using Relaybox.Local.Output;

namespace Relaybox.Local.Running;

/// <summary>The servers of a run: those that its store and its broker need, and no others.</summary>
internal sealed class LocalServers : IAsyncDisposable
{
    /// <summary>The database user of the functions: it has what Setup grants it. Its password is the superuser's.</summary>
    internal const string FunctionsUser = "relaybox_functions";

    private readonly List<EmulatorProcess> processes = [];
    private PostgresCluster? cluster;
    private DirectoryInfo? natsStorage;

    private LocalServers(LocalPorts ports, StackChoice choice, string postgresPassword)
    {
        Ports = ports;
        Choice = choice;
        PostgresPassword = postgresPassword;
    }

    public LocalPorts Ports { get; }

    public StackChoice Choice { get; }

    /// <summary>Null where the store is not DynamoDB.</summary>
    public Uri? DynamoDb => Find("dynamodb")?.Endpoint;

    public Uri Sqs => Find("sqs")!.Endpoint;

    /// <summary>Null where the store is not PostgreSQL.</summary>
    public PostgresProcess? Postgres => (PostgresProcess?)Find("postgres");

    /// <summary>Null where the broker is not NATS.</summary>
    public Uri? Nats => Find("nats")?.Endpoint;

    /// <summary>The password of PostgreSQL's superuser.</summary>
    public string PostgresPassword { get; }

    public IReadOnlyList<EmulatorProcess> Processes => processes;

    /// <summary>Starts them, all at once; what has started when one fails is stopped again.</summary>
    /// <exception cref="RunnerException">A server is missing or does not come up.</exception>
    public static async Task<LocalServers> StartAsync(
        LocalPorts ports, StackChoice choice, string postgresPassword, ILiveOutput output, CancellationToken cancellationToken)
    {
        var servers = new LocalServers(ports, choice, postgresPassword);
        try
        {
            await servers.StartAsync(cancellationToken);
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }

        output.Information(string.Join(", ", servers.processes.Select(process => $"{process.Name} on {process.Endpoint}")));
        return servers;
    }

    /// <summary>Ends a server at once, as a crash would, and starts it again on the same port with what it had on disk.</summary>
    /// <param name="name">postgres or nats: the emulators keep everything in memory.</param>
    /// <param name="outage">How long nothing answers in between.</param>
    /// <param name="cancellationToken">Ends the wait; the server may then be missing.</param>
    public async Task RestartAsync(string name, TimeSpan outage, CancellationToken cancellationToken)
    {
        var old = Find(name) ?? throw new ArgumentException($"This run has no server {name}.", nameof(name));
        Func<CancellationToken, Task<EmulatorProcess>> start = name switch
        {
            "postgres" => StartPostgresAsync,
            "nats" => StartNatsAsync,
            _ => throw new ArgumentException($"A restart of {name} would lose what it has.", nameof(name)),
        };
        await old.KillAsync();
        await old.DisposeAsync();
        await Task.Delay(outage, TimeProvider.System, cancellationToken);
        var again = await start(cancellationToken);
        lock (processes)
        {
            processes[processes.IndexOf(old)] = again;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(processes.Select(process => process.DisposeAsync().AsTask()));
        cluster?.Dispose();
        natsStorage?.Delete(recursive: true);
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var starts = new List<Task<EmulatorProcess>>
        {
            Choice.IsPostgres ? StartPostgresAsync(cancellationToken) : As(DynamoDbProcess.StartAsync(Ports.DynamoDb, cancellationToken)),

            // Schedules have a dead-letter queue, whatever the broker is.
            As(SqsProcess.StartAsync(Ports.Sqs, cancellationToken)),
        };
        if (Choice.IsNats)
        {
            starts.Add(StartNatsAsync(cancellationToken));
        }

        await ((Task)Task.WhenAll(starts)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        processes.AddRange(starts.Where(start => start.IsCompletedSuccessfully).Select(start => start.Result));
        await Task.WhenAll(starts);

        static async Task<EmulatorProcess> As<T>(Task<T> start)
            where T : EmulatorProcess => await start;
    }

    private async Task<EmulatorProcess> StartPostgresAsync(CancellationToken cancellationToken)
    {
        cluster ??= await PostgresCluster.CreateAsync(PostgresPassword, cancellationToken);
        var server = await PostgresProcess.StartAsync(Ports.Postgres, cluster, durable: true, cancellationToken);
        try
        {
            await server.CreateUserAsync(FunctionsUser, PostgresPassword, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task<EmulatorProcess> StartNatsAsync(CancellationToken cancellationToken)
    {
        natsStorage ??= Directory.CreateTempSubdirectory("relaybox-nats-");
        return await NatsProcess.StartAsync(Ports.Nats, natsStorage.FullName, [], cancellationToken);
    }

    private EmulatorProcess? Find(string name)
    {
        lock (processes)
        {
            return processes.Find(process => process.Name == name);
        }
    }
}
