using Relaybox.Local.Aws;
using Relaybox.Local.Brokers;
using Relaybox.Local.Chaos;
using Relaybox.Local.Output;
using Relaybox.Local.Servers;
using Relaybox.Local.Stack;
using Relaybox.Local.Stores;

namespace Relaybox.Local.Running;

/// <summary>The servers of a run: the queues, and those that its store and its broker need.</summary>
internal sealed class LocalServers : IAsyncDisposable
{
    private readonly LocalServer _sqs;

    /// <param name="sqsPort">Where the queues are.</param>
    public LocalServers(StoreRun store, BrokerRun broker, int sqsPort)
    {
        Store = store;
        Broker = broker;
        Sqs = new Uri($"http://127.0.0.1:{sqsPort}/");

        // Schedules have a dead-letter queue, whatever the broker is.
        _sqs = new LocalServer("sqs", async cancellationToken => await SqsProcess.StartAsync(sqsPort, cancellationToken));
        AwsEndpoints = new[] { KeyValuePair.Create(AwsService.Sqs, Sqs), KeyValuePair.Create(AwsService.S3, Sqs) }.Concat(store.AwsEndpoints)
            .Concat(broker.AwsEndpoints).ToDictionary();
    }

    public StoreRun Store { get; }

    public BrokerRun Broker { get; }

    /// <summary>Where the queues are, and the buckets in the same emulator, past the roles of the functions.</summary>
    public Uri Sqs { get; }

    /// <summary>The services of AWS that there are, by the names that <c>AWS_ENDPOINT_URL_</c> ends with.</summary>
    public IReadOnlyDictionary<string, Uri> AwsEndpoints { get; }

    /// <summary>What chaos can do to them.</summary>
    public IReadOnlyList<Fault> Faults => [ServerFaults.Pause(_sqs), .. Store.Faults, .. Broker.Faults];

    /// <summary>Those that have started.</summary>
    public IReadOnlyList<ServerProcess> Processes =>
        [.. Store.Servers.Append(_sqs).Concat(Broker.Servers).Where(server => server.HasStarted).Select(server => server.Process)];

    /// <summary>What a reader of results has to know of the servers.</summary>
    public IReadOnlyList<string> Reservations => [.. Processes.Select(process => process.Reservation).OfType<string>()];

    /// <summary>Starts them, all at once.</summary>
    /// <exception cref="RunnerException">A server is missing or does not come up. Others may have started: dispose.</exception>
    public async Task StartAsync(ILiveOutput output, CancellationToken cancellationToken)
    {
        await Task.WhenAll(Store.StartAsync(cancellationToken), _sqs.StartAsync(cancellationToken), Broker.StartAsync(cancellationToken));
        output.Information(string.Join(", ", Processes.Select(process => $"{process.Name} on {process.Endpoint}")));
    }

    /// <summary>Makes what the stack needs in them before any function runs.</summary>
    public async Task ProvisionAsync(StackDefinition stack, ILiveOutput output, CancellationToken cancellationToken)
    {
        await Store.ProvisionAsync(stack, cancellationToken);
        await new QueueProvisioner(AwsJsonClient.Sqs(Sqs)).CreateAsync(stack.Queues, cancellationToken);
        await BucketProvisioner.CreateAsync(Sqs, stack.Buckets, cancellationToken);
        await Broker.ProvisionAsync(stack, cancellationToken);
        output.Information($"Created {stack.Tables.Count} tables and {stack.Queues.Count} queues.");
    }

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(Store.DisposeAsync().AsTask(), _sqs.DisposeAsync().AsTask(), Broker.DisposeAsync().AsTask());
}
