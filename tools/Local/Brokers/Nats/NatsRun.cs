using Relaybox.Local.Chaos;
using Relaybox.Local.EventSources;
using Relaybox.Local.Running;
using Relaybox.Local.Servers;
using Relaybox.Local.Stack;
using Relaybox.Nats;

namespace Relaybox.Local.Brokers.Nats;

/// <summary>The NATS server of a run. Its streams are made by the Setup function.</summary>
internal sealed class NatsRun : BrokerRun
{
    private readonly int _port;
    private DirectoryInfo? _storage;

    public NatsRun(int port)
    {
        _port = port;
        Url = new Uri($"nats://127.0.0.1:{port}");
        Server = new LocalServer("nats", StartServerAsync);
    }

    public Uri Url { get; }

    public LocalServer Server { get; }

    public override IReadOnlyList<LocalServer> Servers => [Server];

    public override IReadOnlyList<string> FunctionVariables => ["NATS_URL", "NATS_STREAM", "NATS_SUBJECT_PREFIX"];

    public override IReadOnlyList<Fault> Faults => [ServerFaults.Restart(Server)];

    public override void Configure(IDictionary<string, string> parameters, LocalSecrets secrets) => parameters.TryAdd("NatsUrl", Url.OriginalString);

    public override IPulledSource? FindPulledSource(StackDefinition stack, DuplicatePlan duplicates) =>
        stack.Functions.FirstOrDefault(function => function.Environment.ContainsKey("PULL_SECONDS")) is { Environment: var variables }
            ? new JetStreamSource(Url, variables["NATS_STREAM"], NatsSettings.DurableName(variables["CONSUMER_NAME"]), duplicates)
            : null;

    public override IAsyncEnumerable<string> ReadPublishedAsync(
        IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken) =>
        PublishedEvents.ReadAsync(Url, environment["NATS_STREAM"], cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _storage?.Delete(recursive: true);
    }

    private async Task<ServerProcess> StartServerAsync(CancellationToken cancellationToken)
    {
        _storage ??= Directory.CreateTempSubdirectory("relaybox-nats-");
        return await NatsProcess.StartAsync(_port, _storage.FullName, [], cancellationToken);
    }
}
