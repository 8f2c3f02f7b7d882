using System.Collections.Concurrent;
using Relaybox.Local.Output;
using Relaybox.Local.Processes;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Lambda;

/// <summary>The worker processes of one function: a replacement for each that ends, and more of them when they are asked for.</summary>
/// <param name="function">The function.</param>
/// <param name="options">How its workers are run.</param>
/// <param name="onFailedStart">Gets the error of a process that ended, or was ended, before it could initialise.</param>
/// <param name="output">Gets what goes wrong.</param>
/// <param name="time">The clock.</param>
internal sealed class WorkerPool(
    FunctionDefinition function, FunctionHostOptions options, Action<string, string> onFailedStart, ILiveOutput output, TimeProvider time)
    : IAsyncDisposable
{
    private const int MaximumFailedStarts = 3;

    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(2);

    // How often it is looked whether a process uses more memory than its function has.
    private static readonly TimeSpan MemoryInterval = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, Worker> _workers = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _slots = [];
    private readonly Lock _gate = new();
    private int _startedWorkers;
    private int _failedStarts;
    private volatile string? _startFailure;

    /// <summary>Raised when a process starts or ends.</summary>
    public event Action? Changed;

    /// <summary>Ends with the pool.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>The pids of the processes that run now.</summary>
    public IReadOnlyList<int> Pids =>
    [
        .. _workers.Values.Select(worker => worker.Process)
            .Where(process => process is { Exited.IsCompleted: false })
            .Select(process => process!.Id),
    ];

    /// <summary>How many workers wait for an event, or will: one that is starting counts.</summary>
    public int Available => _workers.Values.Count(worker => worker.IsIdle || !worker.IsReady);

    /// <summary>A worker by its id; null when it is not (or no longer) one of ours.</summary>
    public Worker? Find(string id) => _workers.GetValueOrDefault(id);

    /// <summary>Starts one more worker, unless there are as many as there may be.</summary>
    public void Grow()
    {
        lock (_gate)
        {
            if (_slots.Count < options.MaximumWorkers && !_stopping.IsCancellationRequested)
            {
                _slots.Add(Task.Run(RunSlotAsync));
            }
        }
    }

    /// <summary>Waits until a worker has asked for its first event.</summary>
    /// <exception cref="RunnerException">None comes that far: each has failed to initialise.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        while (!_workers.Values.Any(worker => worker.IsReady))
        {
            if (Volatile.Read(ref _failedStarts) >= MaximumFailedStarts)
            {
                throw new RunnerException($"{function.ShortName} could not initialise: {_startFailure}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task[] running;
        lock (_gate)
        {
            running = [.. _slots];
        }

        await Task.WhenAll(running);
        _stopping.Dispose();
    }

    private async Task RunSlotAsync()
    {
        var failures = 0;
        while (!_stopping.IsCancellationRequested)
        {
            var worker = new Worker($"{Interlocked.Increment(ref _startedWorkers)}");
            try
            {
                await RunWorkerAsync(worker);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                output.Error($"{function.ShortName}: {exception.Message}");
            }
            finally
            {
                _workers.TryRemove(worker.Id, out _);
                worker.Dispose();
                Changed?.Invoke();
            }

            failures = worker.Answered > 0 ? 0 : failures + 1;
            await BackOffAsync(failures);
        }
    }

    private async Task RunWorkerAsync(Worker worker)
    {
        _workers[worker.Id] = worker;
        await using var process = worker.Process = options.StartWorker(function, worker.Id);
        Changed?.Invoke();
        _ = EnforceMemoryAsync(worker, process);
        try
        {
            await Task.WhenAny(worker.Ready, process.Exited, Task.Delay(options.InitTimeout, time, _stopping.Token));
            if (!worker.IsReady && !process.Exited.IsCompleted && !_stopping.IsCancellationRequested)
            {
                worker.InitError ??= ("Sandbox.Timedout", $"The function did not initialise within {options.InitTimeout.TotalSeconds} seconds.");
                process.Kill();
            }

            await process.Exited.WaitAsync(_stopping.Token);
            OnEnd(worker, await process.Exited);
        }
        catch (OperationCanceledException)
        {
            await process.StopAsync(StopGrace);
        }
        finally
        {
            worker.End();
        }
    }

    private async Task EnforceMemoryAsync(Worker worker, ChildProcess process)
    {
        try
        {
            double used;
            while ((used = ProcessMemory.Megabytes(process.Id)) <= function.MemorySize)
            {
                await Task.Delay(MemoryInterval, TimeProvider.System, worker.Lifetime);
            }

            output.Error($"{function.ShortName}: process {process.Id} used {used:0} MB, more than its {function.MemorySize} MB, and was killed.");
            worker.InitError ??= ("Runtime.OutOfMemory", $"The function used more than its {function.MemorySize} MB while it initialised.");
            worker.Current?.Fail("Runtime.OutOfMemory", "Runtime exited with error: signal: killed");
            process.Kill();
        }
        catch (OperationCanceledException)
        {
            // The process has ended by itself.
        }
    }

    private void OnEnd(Worker worker, int exitCode)
    {
        if (worker.IsReady)
        {
            var current = worker.Current;
            if (current?.Fail("Runtime.ExitError", $"Runtime exited with error: {Describe(exitCode)}") == true || exitCode != 0)
            {
                output.Warning($"{function.ShortName}: process {worker.Process!.Id} ended ({Describe(exitCode)}); another takes its place.");
            }

            return;
        }

        var (type, message) = worker.InitError ?? ("Runtime.ExitError", $"Runtime exited during initialisation: {Describe(exitCode)}");
        _startFailure = $"{type}: {message}";
        Interlocked.Increment(ref _failedStarts);
        output.Error($"{function.ShortName}: could not initialise: {type}: {message}");
        onFailedStart(type, message);
    }

    private async Task BackOffAsync(int failures)
    {
        // The first replacement comes at once; a process that never works must not spin.
        if (failures < 2 || _stopping.IsCancellationRequested)
        {
            return;
        }

        var delay = TimeSpan.FromMilliseconds(Math.Min(100 * Math.Pow(2, failures - 2), 10_000));
        await Task.Delay(delay, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static string Describe(int exitCode) => exitCode > 128 ? $"signal {exitCode - 128}" : $"exit status {exitCode}";
}
