using System.Collections.Concurrent;
using Relaybox.Local.Processes;

namespace Relaybox.Local.Emulators;

/// <summary>A server that stands in for an AWS service, as a child process on loopback.</summary>
public abstract class EmulatorProcess : IAsyncDisposable
{
    private const int RememberedLines = 40;
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);

    private readonly ChildProcess process;
    private readonly ConcurrentQueue<string> lines = [];

    private protected EmulatorProcess(string name, int port, string program, IEnumerable<string> arguments)
    {
        Name = name;
        Port = port;
        process = ChildProcess.Start(program, arguments, RepositoryLayout.Emulators, null, Remember);
    }

    /// <summary>The service's short name: dynamodb or sqs.</summary>
    public string Name { get; }

    public int Port { get; }

    public int Pid => process.Id;

    public Uri Endpoint => new($"http://127.0.0.1:{Port}/");

    /// <summary>Completes when the process has ended, for whatever reason.</summary>
    public Task Ended => process.Exited;

    /// <summary>Asks the service something harmless; throws while it is not there yet.</summary>
    private protected abstract Task ProbeAsync(CancellationToken cancellationToken);

    /// <summary>Stops the server and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(ReadyTimeout);
        try
        {
            while (true)
            {
                if (process.Exited.IsCompleted)
                {
                    throw new RunnerException($"The {Name} emulator ended while starting:\n{string.Join('\n', lines)}");
                }

                try
                {
                    await ProbeAsync(timeout.Token);
                    return;
                }
                catch (HttpRequestException)
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
                    $"The {Name} emulator did not answer within {ReadyTimeout.TotalSeconds} seconds:\n{string.Join('\n', lines)}", exception);
            }

            throw;
        }
    }

    private void Remember(string line)
    {
        lines.Enqueue(line);
        if (lines.Count > RememberedLines)
        {
            lines.TryDequeue(out _);
        }
    }
}
