using Relaybox.Local.Aws;
using Relaybox.Local.Emulators;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// The SQS emulator for one test assembly: <c>[assembly: AssemblyFixture(typeof(SqsEmulator))]</c>, then a constructor
/// parameter of the test class. Every test makes queues of its own.
/// </summary>
public sealed class SqsEmulator : IAsyncLifetime
{
    private SqsProcess? emulator;

    public Uri Endpoint => Started.Endpoint;

    private SqsProcess Started => emulator ?? throw new InvalidOperationException("The fixture has not been started.");

    public static string UniqueName(string prefix) => $"{prefix}-{Guid.NewGuid():N}";

    public async ValueTask InitializeAsync()
    {
        await EmulatorPackages.EnsureInstalledAsync(CancellationToken.None);
        emulator = await SqsProcess.StartAsync(NetworkPorts.Free(1)[0], CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (emulator is not null)
        {
            await emulator.DisposeAsync();
        }
    }
}
