using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace Relaybox.Testing;

/// <summary>A clock that remembers its timers: a test waits for the next one before it advances the clock.</summary>
public sealed class WatchedTimeProvider : FakeTimeProvider
{
    private readonly ConcurrentQueue<ITimer> _timers = [];
    private readonly ConcurrentQueue<TimeSpan> _dueTimes = [];
    private int _steps;

    /// <summary>Every timer that was made, also those that have fired or are disposed.</summary>
    public IReadOnlyCollection<ITimer> Timers => _timers;

    /// <summary>After which time each of <see cref="Timers"/> fires first.</summary>
    public IReadOnlyCollection<TimeSpan> DueTimes => _dueTimes;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _dueTimes.Enqueue(dueTime);
        _timers.Enqueue(timer);
        return timer;
    }

    /// <summary>Advances the clock by a step at each timer until a task, which makes one after the other, has ended.</summary>
    public Task AdvanceUntilEndAsync(Task task, TimeSpan step) => AdvanceUntilEndAsync(task, _ => step);

    /// <summary>Advances the clock to each timer until a task, which makes one after the other, has ended.</summary>
    public Task AdvanceUntilEndAsync(Task task) => AdvanceUntilEndAsync(task, _dueTimes.ElementAt);

    private async Task AdvanceUntilEndAsync(Task task, Func<int, TimeSpan> step)
    {
        await Eventually.TrueAsync(
            () =>
            {
                if (_timers.Count > _steps)
                {
                    Advance(step(_steps++));
                }

                return task.IsCompleted;
            },
            "the end of the task");
        await task;
    }
}
