using System.Collections.Concurrent;
using Relaybox.Local.Output;
using Relaybox.Local.Processes;
using Relaybox.Local.Stack;
using Relaybox.Local.Template;

namespace Relaybox.Local.Lambda;

/// <summary>
/// Runs one function in worker processes, as Lambda does: one invocation at a time for each, a deadline that kills,
/// a crash that fails the invocation, a replacement for every process that ends.
/// </summary>
internal sealed class FunctionHost : IFunctionInvoker, IAsyncDisposable
{
    private const int MaximumFailedStarts = 3;

    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(2);

    private readonly FunctionHostOptions options;
    private readonly ILiveOutput output;
    private readonly TimeProvider time;
    private readonly InvocationQueue pending = new();
    private readonly ConcurrentDictionary<string, Worker> workers = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> slots = [];
    private readonly Lock gate = new();
    private int startedWorkers;
    private int waiting;
    private int failedStarts;
    private volatile string? startFailure;

    public FunctionHost(FunctionDefinition function, FunctionHostOptions options, ILiveOutput output, TimeProvider time)
    {
        Function = function;
        this.options = options;
        this.output = output;
        this.time = time;
    }

    /// <summary>Raised when a process starts or ends.</summary>
    public event Action? WorkersChanged;

    public FunctionDefinition Function { get; }

    public string FunctionArn => ResourceNames.FunctionArn(Function.Name);

    public int MaximumWorkers => options.MaximumWorkers;

    /// <summary>The pids of the processes that run now.</summary>
    public IReadOnlyList<int> Pids =>
        [.. workers.Values.Select(worker => worker.Process).Where(process => process is { Exited.IsCompleted: false }).Select(process => process!.Id)];

    /// <summary>Starts the first worker; it may still be initialising on return.</summary>
    public void Start() => AddSlot();

    /// <summary>Waits until a worker has asked for its first event.</summary>
    /// <exception cref="RunnerException">None comes that far: each has failed to initialise.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        while (!workers.Values.Any(worker => worker.IsReady))
        {
            if (Volatile.Read(ref failedStarts) >= MaximumFailedStarts)
            {
                throw new RunnerException($"{Function.ShortName} could not initialise: {startFailure}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    public async Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var invocation = Invocation.Create(payload, time.GetUtcNow());
        Interlocked.Increment(ref waiting);
        pending.Add(invocation);
        AddSlotWhenShort();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping.Token);
        return await invocation.Result.WaitAsync(either.Token);
    }

    /// <summary>The next event for a worker; null when the worker is not (or no longer) one of ours.</summary>
    public async Task<Invocation?> NextAsync(string workerId, CancellationToken cancellationToken)
    {
        if (!workers.TryGetValue(workerId, out var worker))
        {
            return null;
        }

        worker.Current?.Fail("Runtime.NoResponse", "The runtime asked for the next event without answering this one.");
        worker.Current = null;
        worker.MarkReady();
        worker.IsIdle = true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, worker.Lifetime);
        try
        {
            var invocation = await pending.TakeAsync(either.Token);
            Interlocked.Decrement(ref waiting);
            invocation.Begin(time.GetUtcNow() + TimeSpan.FromSeconds(Function.TimeoutSeconds));
            worker.Current = invocation;
            options.OnInvocation?.Invoke(invocation);
            _ = EnforceDeadlineAsync(worker, invocation);
            return invocation;
        }
        finally
        {
            worker.IsIdle = false;
        }
    }

    /// <summary>The answer of a worker; false when it answers something that it was not asked.</summary>
    public bool Answer(string workerId, string requestId, string? errorType, ReadOnlyMemory<byte> payload)
    {
        if (!workers.TryGetValue(workerId, out var worker) || worker.Current is not { } invocation || invocation.RequestId != requestId)
        {
            return false;
        }

        worker.Current = null;
        worker.Answered++;
        if (errorType is not null)
        {
            output.Warning($"{Function.ShortName}: {errorType} ({requestId})");
        }

        return invocation.End(new InvocationResult(requestId, errorType, payload));
    }

    /// <summary>A worker's report that it could not initialise.</summary>
    public bool ReportInitError(string workerId, string errorType, string message)
    {
        if (!workers.TryGetValue(workerId, out var worker) || worker.IsReady)
        {
            return false;
        }

        worker.InitError = (errorType, message);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Task[] running;
        lock (gate)
        {
            running = [.. slots];
        }

        await Task.WhenAll(running);
        stopping.Dispose();
    }

    private void AddSlotWhenShort()
    {
        // A worker that is starting counts: it will take one of those that wait.
        var available = workers.Values.Count(worker => worker.IsIdle || !worker.IsReady);
        if (Volatile.Read(ref waiting) > available)
        {
            AddSlot();
        }
    }

    private void AddSlot()
    {
        lock (gate)
        {
            if (slots.Count < options.MaximumWorkers && !stopping.IsCancellationRequested)
            {
                slots.Add(Task.Run(RunSlotAsync));
            }
        }
    }

    private async Task RunSlotAsync()
    {
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            var worker = new Worker($"{Interlocked.Increment(ref startedWorkers)}");
            try
            {
                await RunWorkerAsync(worker);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                output.Error($"{Function.ShortName}: {exception.Message}");
            }
            finally
            {
                workers.TryRemove(worker.Id, out _);
                worker.Dispose();
                WorkersChanged?.Invoke();
            }

            failures = worker.Answered > 0 ? 0 : failures + 1;
            await BackOffAsync(failures);
        }
    }

    private async Task RunWorkerAsync(Worker worker)
    {
        workers[worker.Id] = worker;
        await using var process = worker.Process = options.StartWorker(Function, worker.Id);
        WorkersChanged?.Invoke();
        try
        {
            await Task.WhenAny(worker.Ready, process.Exited, Task.Delay(options.InitTimeout, time, stopping.Token));
            if (!worker.IsReady && !process.Exited.IsCompleted && !stopping.IsCancellationRequested)
            {
                worker.InitError ??= ("Sandbox.Timedout", $"The function did not initialise within {options.InitTimeout.TotalSeconds} seconds.");
                process.Kill();
            }

            await process.Exited.WaitAsync(stopping.Token);
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

    private void OnEnd(Worker worker, int exitCode)
    {
        if (worker.IsReady)
        {
            var current = worker.Current;
            if (current?.Fail("Runtime.ExitError", $"Runtime exited with error: {Describe(exitCode)}") == true || exitCode != 0)
            {
                output.Warning($"{Function.ShortName}: process {worker.Process!.Id} ended ({Describe(exitCode)}); another takes its place.");
            }

            return;
        }

        var (type, message) = worker.InitError ?? ("Runtime.ExitError", $"Runtime exited during initialisation: {Describe(exitCode)}");
        startFailure = $"{type}: {message}";
        Interlocked.Increment(ref failedStarts);
        output.Error($"{Function.ShortName}: could not initialise: {type}: {message}");
        // As Lambda, which runs the initialisation for an event and gives that event its error.
        if (pending.TryTake() is { } invocation)
        {
            Interlocked.Decrement(ref waiting);
            invocation.Fail(type, message);
        }
    }

    private async Task EnforceDeadlineAsync(Worker worker, Invocation invocation)
    {
        try
        {
            await invocation.Result.WaitAsync(TimeSpan.FromSeconds(Function.TimeoutSeconds), time);
        }
        catch (TimeoutException)
        {
            if (invocation.Fail("Sandbox.Timedout", $"Task timed out after {Function.TimeoutSeconds}.00 seconds"))
            {
                output.Warning($"{Function.ShortName}: timed out after {Function.TimeoutSeconds} s ({invocation.RequestId})");
                worker.Process?.Kill();
            }
        }
    }

    private async Task BackOffAsync(int failures)
    {
        // The first replacement comes at once; a process that never works must not spin.
        if (failures < 2 || stopping.IsCancellationRequested)
        {
            return;
        }

        var delay = TimeSpan.FromMilliseconds(Math.Min(100 * Math.Pow(2, failures - 2), 10_000));
        await Task.Delay(delay, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static string Describe(int exitCode) => exitCode > 128 ? $"signal {exitCode - 128}" : $"exit status {exitCode}";
}
