namespace Relaybox.Sqs;

/// <summary>
/// Begins calls with large bodies on one thread of their own. The AWS SDK writes a request in buffers of the shared pool, for a body
/// of 1 MB in one of 16 MB, because each character could take six. The pool keeps the buffers of every thread that has written: on
/// the threads of the thread pool they would fill the heap of a small function.
/// </summary>
internal sealed class LargeCalls : TaskScheduler
{
    /// <summary>A body of so many bytes is large. A thread's buffers for what is smaller are 2 MB at most.</summary>
    internal const int LeastBytes = 128 << 10;

    private static readonly Lazy<TaskFactory> OneThread = new(() => new TaskFactory(
        CancellationToken.None, TaskCreationOptions.HideScheduler, TaskContinuationOptions.None, new LargeCalls()));

    private readonly Queue<Task> _tasks = new();

    private LargeCalls() => new Thread(Work) { IsBackground = true, Name = "large SQS calls" }.Start();

    /// <summary>Begins a call, on the one thread where it is large. What comes after the request is written goes on anywhere.</summary>
    /// <param name="bytes">The bytes of its bodies.</param>
    /// <param name="call">The call.</param>
    internal static Task<T> BeginAsync<T>(long bytes, Func<Task<T>> call) =>
        bytes < LeastBytes ? call() : OneThread.Value.StartNew(call).Unwrap();

    /// <inheritdoc />
    protected override void QueueTask(Task task)
    {
        lock (_tasks)
        {
            _tasks.Enqueue(task);
            Monitor.Pulse(_tasks);
        }
    }

    /// <inheritdoc />
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    /// <inheritdoc />
    protected override IEnumerable<Task> GetScheduledTasks() => [];

    private void Work()
    {
        while (true)
        {
            Task task;
            lock (_tasks)
            {
                while (_tasks.Count == 0)
                {
                    Monitor.Wait(_tasks);
                }

                task = _tasks.Dequeue();
            }

            TryExecuteTask(task);
        }
    }
}
