namespace Relaybox.Local.Lambda;

/// <summary>
/// Events that wait for a worker, and workers that wait for an event. The first event goes to the worker that asked last: it is the
/// one whose code is compiled and whose connections are open, and the others stay asleep until more is to do than it can take.
/// </summary>
internal sealed class InvocationQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<Invocation> _events = [];
    private readonly List<TaskCompletionSource<Invocation>> _workers = [];

    /// <summary>Hands an event to the worker that asked last, or keeps it until one asks.</summary>
    public void Add(Invocation invocation)
    {
        TaskCompletionSource<Invocation> worker;
        lock (_gate)
        {
            if (_workers.Count == 0)
            {
                _events.Enqueue(invocation);
                return;
            }

            worker = _workers[^1];
            _workers.RemoveAt(_workers.Count - 1);
        }

        // Continues at once, on this thread: it is the worker's answer that the event waits for.
        worker.SetResult(invocation);
    }

    /// <summary>The next event for a worker. An event is given once, or not at all where the wait was cancelled.</summary>
    public async Task<Invocation> TakeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var worker = new TaskCompletionSource<Invocation>();
        lock (_gate)
        {
            if (_events.TryDequeue(out var waiting))
            {
                return waiting;
            }

            _workers.Add(worker);
        }

        await using var cancelled = cancellationToken.Register(Cancel);
        return await worker.Task;

        void Cancel()
        {
            lock (_gate)
            {
                if (!_workers.Remove(worker))
                {
                    return;
                }
            }

            worker.SetCanceled(cancellationToken);
        }
    }

    /// <summary>Takes the oldest event that no worker has.</summary>
    public Invocation? TryTake()
    {
        lock (_gate)
        {
            return _events.TryDequeue(out var waiting) ? waiting : null;
        }
    }
}
