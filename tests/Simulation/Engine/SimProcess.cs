using Relaybox.Timing;

namespace Relaybox.Simulation.Engine;

/// <summary>
/// A worker's process. Its tasks run in the simulation's loop; when it is killed none of them ever runs again, and what its
/// calls have changed elsewhere stays changed.
/// </summary>
internal sealed class SimProcess : TaskScheduler, IEntropy
{
    private readonly SimLoop _loop;
    private readonly Dice _dice;

    internal SimProcess(int number, string name, SimLoop loop, ulong seed, TimeSpan skew)
    {
        Number = number;
        Name = name;
        _loop = loop;
        _dice = new Dice(seed);
        Clock = new SimClock(loop, this) { Skew = skew };
    }

    internal int Number { get; }

    internal string Name { get; }

    internal SimClock Clock { get; }

    internal bool IsDead { get; private set; }

    internal void Kill() => IsDead = true;

    /// <summary>Begins work in the process.</summary>
    internal void Start(Func<Task> work) => new Task(() => work()).Start(this);

    /// <summary>Waits. The system's own delay leaves the thread when it is cancelled.</summary>
    internal async Task SleepAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var wake = new TaskCompletionSource();
        using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), wake);
        _loop.After(time, () => wake.TrySetResult());
        await wake.Task;
    }

    public Guid NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, _dice.Next());
        BitConverter.TryWriteBytes(bytes[8..], _dice.Next());
        return new Guid(bytes);
    }

    public double NextDouble() => _dice.NextDouble();

    internal void Execute(Task task)
    {
        if (!IsDead)
        {
            TryExecuteTask(task);
        }
    }

    protected override void QueueTask(Task task)
    {
        if (!IsDead)
        {
            _loop.Enqueue(this, task);
        }
    }

    // What runs next is for the seed to say.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
