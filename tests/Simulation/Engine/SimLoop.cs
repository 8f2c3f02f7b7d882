namespace Relaybox.Simulation.Engine;

/// <summary>
/// The one thread and the one clock. What is ready runs in an order that the seed decides; time passes only when nothing is
/// ready, and then jumps to the next event.
/// </summary>
internal sealed class SimLoop(Dice order)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Action, (long At, long Number)> _events = new();
    private readonly List<(SimProcess Process, Task Task)> _ready = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _numbers;

    internal DateTimeOffset Now { get; private set; } = Start;

    internal TimeSpan Elapsed => Now - Start;

    /// <summary>How many tasks and events have run.</summary>
    internal long Steps { get; private set; }

    /// <summary>What left the one thread; null as long as nothing has.</summary>
    internal string? Escape { get; private set; }

    /// <summary>Runs something after a time.</summary>
    internal void After(TimeSpan delay, Action action)
    {
        CheckThread();
        _events.Enqueue(action, (Now.Ticks + Math.Max(0, delay.Ticks), _numbers++));
    }

    internal void Enqueue(SimProcess process, Task task)
    {
        if (CheckThread())
        {
            _ready.Add((process, task));
        }
    }

    /// <summary>Runs the next task or event; false where none is left.</summary>
    internal bool Step()
    {
        Steps++;
        if (_ready.Count > 0)
        {
            var i = order.Next(_ready.Count);
            var (process, task) = _ready[i];
            _ready[i] = _ready[^1];
            _ready.RemoveAt(_ready.Count - 1);
            process.Execute(task);
            return true;
        }

        if (!_events.TryDequeue(out var action, out var at))
        {
            return false;
        }

        Now = new DateTimeOffset(at.At, TimeSpan.Zero);
        action();
        return true;
    }

    /// <summary>Notes, and refuses, what comes from another thread: it would not come at the same point again.</summary>
    internal bool CheckThread()
    {
        if (Environment.CurrentManagedThreadId == _thread)
        {
            return true;
        }

        Escape ??= Environment.StackTrace;
        return false;
    }
}
