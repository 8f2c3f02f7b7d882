using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.World;

/// <summary>The store as a process reaches it. A database has a clock of its own; DynamoDB has its callers' clocks.</summary>
internal sealed class StoreServer(World world, SimProcess process) : IServer
{
    public DateTimeOffset Now => world.Options.KeepsOrder ? world.Loop.Now + world.StoreSkew : process.Clock.GetUtcNow();

    public Task WaitAsync(TimeSpan time, CancellationToken cancellationToken) => process.SleepAsync(time, cancellationToken);

    public Task<T> CallAsync<T>(string what, Func<T> apply, CancellationToken cancellationToken) =>
        world.Wire.CallAsync(process, what, apply, cancellationToken);
}
