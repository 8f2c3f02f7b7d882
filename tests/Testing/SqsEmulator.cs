using Amazon.Runtime;
using Amazon.SQS;
using Relaybox.Local.Aws;
using Relaybox.Local.Servers;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// The SQS emulator for one test assembly: <c>[assembly: AssemblyFixture(typeof(SqsEmulator))]</c>, then a constructor
/// parameter of the test class. Every test makes queues of its own.
/// </summary>
public sealed class SqsEmulator : IAsyncLifetime
{
    private SqsProcess? _emulator;

    public Uri Endpoint => Started.Endpoint;

    /// <summary>A client that fails fast: no retries hide what a test is about.</summary>
    public AmazonSQSClient Client { get; private set; } = null!;

    private SqsProcess Started => _emulator ?? throw new InvalidOperationException("The fixture has not been started.");

    public static string UniqueName(string prefix) => $"{prefix}-{Guid.NewGuid():N}";

    /// <summary>Another client on the same server; the caller disposes it.</summary>
    public AmazonSQSClient CreateClient(Action<AmazonSQSConfig>? configure = null)
    {
        var configuration = new AmazonSQSConfig
        {
            ServiceURL = Endpoint.ToString(),
            AuthenticationRegion = LocalAws.Region,
            MaxErrorRetry = 0,
        };
        configure?.Invoke(configuration);
        return new AmazonSQSClient(new BasicAWSCredentials(LocalAws.AccessKeyId, LocalAws.SecretAccessKey), configuration);
    }

    /// <summary>Creates a queue of its own for a test.</summary>
    /// <returns>Its URL.</returns>
    public async Task<string> CreateQueueAsync(string prefix = "queue", Dictionary<string, string>? attributes = null)
    {
        var name = UniqueName(prefix) + (attributes?.GetValueOrDefault("FifoQueue") == "true" ? ".fifo" : "");
        var created = await Client.CreateQueueAsync(new Amazon.SQS.Model.CreateQueueRequest { QueueName = name, Attributes = attributes });
        return created.QueueUrl;
    }

    public async ValueTask InitializeAsync()
    {
        await EmulatorPackages.EnsureInstalledAsync(CancellationToken.None);
        _emulator = await SqsProcess.StartAsync(NetworkPorts.Free(1)[0], CancellationToken.None);
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
