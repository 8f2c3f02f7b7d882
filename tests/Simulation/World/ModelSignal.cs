using Relaybox.Outbox;
using Relaybox.Simulation.Engine;

namespace Relaybox.Simulation.World;

/// <summary>Wakes a relay that waits when a row is written, or time is up; now and then the notice is lost.</summary>
internal sealed class ModelSignal(World world, SimProcess process) : IOutboxSignal
{
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var notice = new TaskCompletionSource();
        if (!world.Strikes(process, "a notice is lost", 0.2))
        {
            world.Listeners.Add(notice);
        }

        // As the real one does: what is due only later is found by asking.
        var wait = longest < TimeSpan.FromSeconds(25) ? longest : TimeSpan.FromSeconds(25);
        world.Loop.After(wait, () => notice.TrySetResult());
        using var registration = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetCanceled(), notice);
        await notice.Task;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
