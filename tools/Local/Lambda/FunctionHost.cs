using Relaybox.Local.Output;
using Relaybox.Local.Stack;
using Relaybox.Local.Template;

namespace Relaybox.Local.Lambda;

/// <summary>
/// Runs one function as Lambda does: each worker has one invocation at a time, with a deadline that kills, and a crash fails
/// the invocation.
/// </summary>
internal sealed class FunctionHost : IFunctionInvoker, IAsyncDisposable
{
    private readonly FunctionHostOptions _options;
    private readonly ILiveOutput _output;
    private readonly TimeProvider _time;
    private readonly InvocationQueue _pending = new();
    private readonly WorkerPool _workers;
    private int _waiting;

    public FunctionHost(FunctionDefinition function, FunctionHostOptions options, ILiveOutput output, TimeProvider time)
    {
        Function = function;
        _options = options;
        _output = output;
        _time = time;
        _workers = new WorkerPool(function, options, FailNext, output, time);
    }

    /// <summary>Raised when a process starts or ends.</summary>
    public event Action? WorkersChanged
    {
        add => _workers.Changed += value;
        remove => _workers.Changed -= value;
    }

    public FunctionDefinition Function { get; }

    public string FunctionArn => ResourceNames.FunctionArn(Function.Name);

    public int MaximumWorkers => _options.MaximumWorkers;

    /// <summary>The pids of the processes that run now.</summary>
    public IReadOnlyList<int> Pids => _workers.Pids;

    /// <summary>Starts the first worker; it may still be initialising on return.</summary>
    public void Start() => _workers.Grow();

    /// <inheritdoc cref="WorkerPool.WaitUntilReadyAsync" />
    public Task WaitUntilReadyAsync(CancellationToken cancellationToken) => _workers.WaitUntilReadyAsync(cancellationToken);

    public Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        InvokeAsync(payload, qualifier: null, cancellationToken);

    /// <inheritdoc cref="IFunctionInvoker.InvokeAsync" />
    /// <param name="payload">The event.</param>
    /// <param name="qualifier">The alias or version; null: the function's name alone.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, string? qualifier, CancellationToken cancellationToken)
    {
        var invocation = Invocation.Create(payload, _time.GetUtcNow(), qualifier);
        Interlocked.Increment(ref _waiting);
        _pending.Add(invocation);
        if (Volatile.Read(ref _waiting) > _workers.Available)
        {
            _workers.Grow();
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _workers.Stopping);
        return await invocation.Result.WaitAsync(either.Token);
    }

    /// <summary>The next event for a worker; null when the worker is not (or no longer) one of ours.</summary>
    public async Task<Invocation?> NextAsync(string workerId, CancellationToken cancellationToken)
    {
        if (_workers.Find(workerId) is not { } worker)
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
            var invocation = await _pending.TakeAsync(either.Token);
            Interlocked.Decrement(ref _waiting);
            invocation.Begin(_time.GetUtcNow() + TimeSpan.FromSeconds(Function.TimeoutSeconds));
            worker.Current = invocation;
            _options.OnInvocation?.Invoke(invocation);
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
        if (_workers.Find(workerId) is not { Current: { } invocation } worker || invocation.RequestId != requestId)
        {
            return false;
        }

        worker.Current = null;
        worker.Answered++;
        if (errorType is not null)
        {
            _output.Warning($"{Function.ShortName}: {errorType} ({requestId})");
        }

        return invocation.End(new InvocationResult(requestId, errorType, payload));
    }

    /// <summary>A worker's report that it could not initialise.</summary>
    public bool ReportInitError(string workerId, string errorType, string message)
    {
        if (_workers.Find(workerId) is not { IsReady: false } worker)
        {
            return false;
        }

        worker.InitError = (errorType, message);
        return true;
    }

    public ValueTask DisposeAsync() => _workers.DisposeAsync();

    // As Lambda, which runs the initialisation for an event and gives that event its error.
    private void FailNext(string errorType, string message)
    {
        if (_pending.TryTake() is { } invocation)
        {
            Interlocked.Decrement(ref _waiting);
            invocation.Fail(errorType, message);
        }
    }

    private async Task EnforceDeadlineAsync(Worker worker, Invocation invocation)
    {
        try
        {
            await invocation.Result.WaitAsync(TimeSpan.FromSeconds(Function.TimeoutSeconds), _time);
        }
        catch (TimeoutException)
        {
            if (invocation.Fail("Sandbox.Timedout", $"Task timed out after {Function.TimeoutSeconds}.00 seconds"))
            {
                _output.Warning($"{Function.ShortName}: timed out after {Function.TimeoutSeconds} s ({invocation.RequestId})");
                worker.Process?.Kill();
            }
        }
    }
}
