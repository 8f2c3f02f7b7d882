using System.Collections.Concurrent;
using System.Data.Common;
using System.Net.Sockets;
using Relaybox.Local.Processes;

namespace Relaybox.Local.Servers;

/// <summary>A server that the stack needs, real or an emulator of an AWS service, as a child process on loopback.</summary>
public abstract class ServerProcess : IAsyncDisposable
{
    private const int RememberedLines = 40;
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(5);

    private readonly ChildProcess _process;
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly int _stopSignal;

    private protected ServerProcess(
        string name, int port, string program, IEnumerable<string> arguments, int stopSignal = Signals.Terminate)
    {
        Name = name;
        Port = port;
        _stopSignal = stopSignal;
        _process = ChildProcess.Start(program, arguments, RepositoryLayout.Emulators, null, Remember);
    }

    /// <summary>The server's short name, such as <c>sqs</c>.</summary>
    public string Name { get; }

    public int Port { get; }

    public int Pid => _process.Id;

    public virtual Uri Endpoint => new($"http://127.0.0.1:{Port}/");

    /// <summary>What a reader of results has to know of the server, such as that it is not the real one; null: nothing.</summary>
    public virtual string? Reservation => null;

    /// <summary>Completes when the process has ended, for whatever reason.</summary>
    public Task Ended => _process.Exited;

    /// <summary>Asks the service something harmless; throws while it is not there yet.</summary>
    private protected abstract Task ProbeAsync(CancellationToken cancellationToken);

    /// <summary>Stops the server and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!await _process.TryStopAsync(StopGrace, _stopSignal))
        {
            await KillAsync();
        }

        await _process.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the server at once, as a crash would, and waits for its end.</summary>
    public virtual async Task KillAsync()
    {
        _process.Kill();
        await _process.Exited;
    }

    private protected async Task SignalAndWaitAsync(int signal)
    {
        Signals.Send(_process.Id, signal);
        await _process.Exited;
    }

    private protected async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(ReadyTimeout);
        try
        {
            while (true)
            {
                if (_process.Exited.IsCompleted)
                {
                    throw new RunnerException($"The {Name} server ended while starting:\n{string.Join('\n', _lines)}");
                }

                try
                {
                    await ProbeAsync(timeout.Token);
                    return;
                }
                catch (Exception e) when (e is HttpRequestException or IOException or SocketException or DbException)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, timeout.Token);
                }
            }
        }
        catch (Exception exception)
        {
            await DisposeAsync();
            if (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new RunnerException(
                    $"The {Name} server did not answer within {ReadyTimeout.TotalSeconds} seconds:\n{string.Join('\n', _lines)}", exception);
            }

            throw;
        }
    }

    private void Remember(string line)
    {
        _lines.Enqueue(line);
        if (_lines.Count > RememberedLines)
        {
            _lines.TryDequeue(out _);
        }
    }
}
