namespace Relaybox.Local.Servers;

/// <summary>A server of a run, which can end at once and come back on its port.</summary>
/// <param name="name">The server's short name, such as <c>sqs</c>.</param>
/// <param name="start">Starts a process on the port and the files of the run, and waits until it answers.</param>
internal sealed class LocalServer(string name, Func<CancellationToken, Task<ServerProcess>> start) : IAsyncDisposable
{
    private volatile ServerProcess? _process;

    public string Name => name;

    /// <summary>Whether the first start went well.</summary>
    public bool HasStarted => _process is not null;

    /// <summary>The process that runs now; during a restart the one that has ended.</summary>
    /// <exception cref="InvalidOperationException">The server has not been started.</exception>
    public ServerProcess Process => _process ?? throw new InvalidOperationException($"The server {name} has not been started.");

    /// <exception cref="RunnerException">The server's program is missing, or does not come up.</exception>
    public async Task StartAsync(CancellationToken cancellationToken) => _process = await start(cancellationToken);

    /// <summary>Ends the server at once, as a crash would, and starts it again on the same port with what it had on disk.</summary>
    /// <param name="outage">How long nothing answers in between.</param>
    /// <param name="cancellationToken">Ends the wait; the server may then be missing.</param>
    public async Task RestartAsync(TimeSpan outage, CancellationToken cancellationToken)
    {
        var old = Process;
        await old.KillAsync();
        await old.DisposeAsync();
        await Task.Delay(outage, TimeProvider.System, cancellationToken);
        await StartAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;
}
