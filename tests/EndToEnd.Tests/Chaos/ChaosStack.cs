using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Local.Running;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Chaos;

/// <summary>A stack to be harmed, its app, and a folder of kill points.</summary>
internal sealed class ChaosStack : IAsyncDisposable
{
    private readonly DirectoryInfo _state;

    private ChaosStack(LocalRunner runner, DirectoryInfo state, RunningStack.LastLines output)
    {
        Runner = runner;
        _state = state;
        Output = output;
        App = runner.CreateDemoApp();
    }

    public LocalRunner Runner { get; }

    public IDemoApp App { get; }

    public RunningStack.LastLines Output { get; }

    /// <summary>A file here kills the first process that comes to the point of its name; see StartupHook.</summary>
    public string KillPoints => Path.Combine(_state.FullName, "kill-at");

    public static async Task<ChaosStack> StartAsync(string store, string broker, double duplicatePercent = 10)
    {
        var state = Directory.CreateTempSubdirectory("relaybox-chaos-");
        var points = Directory.CreateDirectory(Path.Combine(state.FullName, "kill-at"));
        var output = new RunningStack.LastLines();
        var runner = await LocalRunner.StartAsync(
            Haste.Of(new RunnerOptions
            {
                TemplatePath = RepositoryRoot.Combine("template.yaml"),
                StateDirectory = Path.Combine(state.FullName, "state"),
                FunctionsDirectory = Publication.Folder,
                PortBase = 0,
                Parameters = new Dictionary<string, string> { ["Store"] = store, ["Broker"] = broker },
                Environment = new Dictionary<string, string>
                {
                    ["DOTNET_STARTUP_HOOKS"] = BuiltProgram.PathOf("KillHook", "Relaybox.KillHook.dll"),
                    ["RELAYBOX_KILL_AT"] = points.FullName,
                },
                DuplicatePercent = duplicatePercent,
                EnforceRoles = true,
            }),
            output,
            CancellationToken.None);
        return new ChaosStack(runner, state, output);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Runner.DisposeAsync();
        _state.Delete(recursive: true);
        Assert.Empty(Runner.Permissions.Refused);
    }
}
