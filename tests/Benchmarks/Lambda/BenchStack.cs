using Relaybox.Local.Running;
using Relaybox.Testing;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>template.yaml on this machine, in a state folder and on ports of its own.</summary>
internal sealed class BenchStack : IAsyncDisposable
{
    private readonly DirectoryInfo _state;

    private BenchStack(LocalRunner runner, DirectoryInfo state)
    {
        Runner = runner;
        _state = state;
    }

    /// <summary>The functions as this build has made them.</summary>
    public static string BuiltFunctions { get; } = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "Functions", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'))));

    public LocalRunner Runner { get; }

    /// <summary>The ports and files of a runner; what is not said here is the template's.</summary>
    public static async Task<BenchStack> StartAsync(
        string functions,
        string store,
        string broker,
        CancellationToken cancellationToken,
        Func<RunnerOptions, RunnerOptions>? configure = null)
    {
        var state = Directory.CreateTempSubdirectory("relaybox-bench-");
        var options = new RunnerOptions
        {
            TemplatePath = RepositoryRoot.Combine("template.yaml"),
            StateDirectory = state.FullName,
            FunctionsDirectory = functions,
            PortBase = 0,
            Parameters = new Dictionary<string, string> { ["Store"] = store, ["Broker"] = broker },
            RunSchedules = false,
        };
        return new BenchStack(await LocalRunner.StartAsync(configure?.Invoke(options) ?? options, new Silence(), cancellationToken), state);
    }

    public async ValueTask DisposeAsync()
    {
        await Runner.DisposeAsync();
        _state.Delete(recursive: true);
    }
}
