using Relaybox.Local.Aws;
using Relaybox.Local.Processes;

namespace Relaybox.Local.Servers;

/// <summary>An SQS server in memory: standard and FIFO queues, redrive, long polling.</summary>
public sealed class SqsProcess : ServerProcess
{
    private SqsProcess(int port, string node)
        : base("sqs", port, node, [Path.Combine(RepositoryLayout.Emulators, "sqs.mjs"), $"{port}"])
    {
    }

    /// <summary>Starts the emulator and waits until it answers.</summary>
    /// <exception cref="RunnerException">Node or the npm package is missing, or the server did not come up.</exception>
    public static async Task<SqsProcess> StartAsync(int port, CancellationToken cancellationToken)
    {
        var node = Executables.Require("node", "The SQS emulator", "Install Node.js 20 or newer.");
        EmulatorPackages.RequireInstalled();
        var emulator = new SqsProcess(port, node);
        await emulator.WaitUntilReadyAsync(cancellationToken);
        return emulator;
    }

    private protected override Task ProbeAsync(CancellationToken cancellationToken) =>
        AwsJsonClient.Sqs(Endpoint).CallAsync("ListQueues", [], cancellationToken);
}
