using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Relaybox.Local.Aws;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.DynamoDb;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// DynamoDB Local for one test assembly: <c>[assembly: AssemblyFixture(typeof(DynamoDbLocal))]</c>, then a constructor
/// parameter of the test class. Every test makes tables of its own (<see cref="UniqueName"/>).
/// </summary>
public sealed class DynamoDbLocal : IAsyncLifetime
{
    private DynamoDbProcess? _emulator;

    public Uri Endpoint => Started.Endpoint;

    /// <summary>A client that fails fast: no retries hide what a test is about.</summary>
    public AmazonDynamoDBClient Client { get; private set; } = null!;

    private DynamoDbProcess Started => _emulator ?? throw new InvalidOperationException("The fixture has not been started.");

    public static string UniqueName(string prefix) => $"{prefix}-{Guid.NewGuid():N}";

    /// <summary>Another client on the same server; the caller disposes it.</summary>
    public AmazonDynamoDBClient CreateClient(Action<AmazonDynamoDBConfig>? configure = null)
    {
        var configuration = new AmazonDynamoDBConfig
        {
            ServiceURL = Endpoint.ToString(),
            AuthenticationRegion = LocalAws.Region,
            MaxErrorRetry = 0,
        };
        configure?.Invoke(configuration);
        return new AmazonDynamoDBClient(new BasicAWSCredentials(LocalAws.AccessKeyId, LocalAws.SecretAccessKey), configuration);
    }

    public async ValueTask InitializeAsync()
    {
        await EmulatorPackages.EnsureInstalledAsync(CancellationToken.None);
        _emulator = await DynamoDbProcess.StartAsync(NetworkPorts.Free(1)[0], CancellationToken.None);
        Client = CreateClient();
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (_emulator is not null)
        {
            await _emulator.DisposeAsync();
        }
    }
}
