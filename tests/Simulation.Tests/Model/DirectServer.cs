using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.Tests.Model;

/// <summary>A model store that answers at once, one call after another.</summary>
internal sealed class DirectServer : IServer
{
    private readonly Lock _gate = new();
    private TimeSpan _passed;

    public DateTimeOffset Now => new DateTimeOffset(2027, 1, 1, 12, 0, 0, TimeSpan.Zero) + _passed;

    public Task WaitAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        Pass(time);
        return Task.CompletedTask;
    }

    public Task<T> CallAsync<T>(string what, Func<T> apply, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            try
            {
                return Task.FromResult(apply());
            }
            catch (Exception e)
            {
                return Task.FromException<T>(e);
            }
        }
    }

    internal void Pass(TimeSpan time) => _passed += time;
}
