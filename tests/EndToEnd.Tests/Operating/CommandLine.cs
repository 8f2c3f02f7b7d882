using System.Text.Json;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>The command line of operators, in a process of its own.</summary>
/// <param name="options">What stands behind each command: how it reaches the rows.</param>
internal sealed class CommandLine(params string[] options)
{
    /// <summary>How long a command may take on a machine that is busy with other tests.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What stands behind <c>dotnet</c> for a command.</summary>
    public string[] Arguments(params string[] command) => [BuiltProgram.PathOf("Cli", "relaybox.dll"), .. command, .. options];

    /// <summary>Runs a command to its end.</summary>
    public Task<ProgramRun> RunAsync(params string[] command) => ProgramRun.OfAsync(["dotnet", .. Arguments(command)], Patience, Ct);

    /// <summary>Runs a command that must end with 0, and reads its answer.</summary>
    public async Task<JsonElement> JsonAsync(params string[] command)
    {
        var run = await RunAsync([.. command, "--json"]);
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', command)} ended with {run.ExitCode}: {run.Errors}");
        return JsonDocument.Parse(run.Output).RootElement;
    }
}
