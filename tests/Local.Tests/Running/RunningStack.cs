using Relaybox.Local.Running;

namespace Relaybox.Local.Tests.Running;

/// <summary>The runner on the small test template.</summary>
public sealed class RunningStack : IAsyncLifetime
{
    private readonly TemporaryFolder _state = new();

    internal LocalRunner Runner { get; private set; } = null!;

    internal LinesOutput Output { get; } = new();

    public string StateDirectory => _state.Path;

    public async ValueTask InitializeAsync() => Runner = await LocalRunner.StartAsync(
        new RunnerOptions
        {
            TemplatePath = TestFiles.Stack,
            StateDirectory = _state.Path,
            FunctionsDirectory = TestFiles.Workers,
            PortBase = 0,
            VisibilitySeconds = 1,
        },
        Output,
        CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Runner.DisposeAsync();
        _state.Dispose();
    }
}
