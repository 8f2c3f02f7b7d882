using Relaybox.Local.Aws;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Local.Servers;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Stores.DynamoDb;

/// <summary>DynamoDB of a run, with the tables of the template.</summary>
internal sealed class DynamoDbRun : StoreRun
{
    private readonly LocalServer _server;

    public DynamoDbRun(int port)
    {
        Endpoint = new Uri($"http://127.0.0.1:{port}/");
        _server = new LocalServer("dynamodb", async cancellationToken => await DynamoDbProcess.StartAsync(port, cancellationToken));
    }

    /// <summary>Where the emulator answers, past the roles of the functions.</summary>
    public Uri Endpoint { get; }

    public override IReadOnlyList<LocalServer> Servers => [_server];

    public override IReadOnlyDictionary<string, Uri> AwsEndpoints => new Dictionary<string, Uri> { [AwsService.DynamoDb] = Endpoint };

    // A restart would lose what it has in memory.
    public override IReadOnlyList<Fault> Faults => [ServerFaults.Pause(_server)];

    public override Task ProvisionAsync(StackDefinition stack, CancellationToken cancellationToken) =>
        new TableProvisioner(AwsJsonClient.DynamoDb(Endpoint)).CreateAsync(stack.Tables, cancellationToken);

    public override IDemoApp CreateDemoApp(IReadOnlyDictionary<string, string> environment) =>
        new DynamoDbDemoApp(Endpoint, environment["OUTBOX_TABLE"], environment["EFFECTS_TABLE"], TimeProvider.System);
}
