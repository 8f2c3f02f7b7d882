namespace Relaybox.Local.Lambda;

/// <summary>
/// Events that wait for a worker, and workers that wait for an event. The first event goes to the worker that asked last: it is the
/// one whose code is compiled and whose connections are open, and the others stay asleep until more is to do than it can take.
/// </summary>
internal sealed class InvocationQueue
{
    private readonly Lock gate = new();
    private readonly Queue<Invocation> events = [];
    private readonly List<TaskCompletionSource<Invocation>> workers = [];

    /// <summary>Hands an event to the worker that asked last, or keeps it until one asks.</summary>
    public void Add(Invocation invocation)
    {
        TaskCompletionSource<Invocation> worker;
        lock (gate)
        {
            if (workers.Count == 0)
            {
                events.Enqueue(invocation);
                return;
            }

            worker = workers[^1];
            workers.RemoveAt(workers.Count - 1);
        }

        // Continues at once, on this thread: it is the worker's answer that the event waits for.
        worker.SetResult(invocation);
    }

    /// <summary>The next event for a worker. An event is given once, or not at all where the wait was cancelled.</summary>
    public async Task<Invocation> TakeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var worker = new TaskCompletionSource<Invocation>();
        lock (gate)
        {
            if (events.TryDequeue(out var waiting))
            {
                return waiting;
            }

            workers.Add(worker);
        }

        await using var cancelled = cancellationToken.Register(Cancel);
        return await worker.Task;

        void Cancel()
        {
            lock (gate)
            {
                if (!workers.Remove(worker))
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
        lock (gate)
        {
            return events.TryDequeue(out var waiting) ? waiting : null;
        }
    }
}
