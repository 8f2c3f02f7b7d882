namespace Relaybox.Simulation.Model;

/// <summary>How a model store is reached: at once in a conformance test, over the wire in the simulation.</summary>
internal interface IServer
{
    /// <summary>The clock that decides.</summary>
    DateTimeOffset Now { get; }

    /// <summary>Waits for what others have locked, as a statement does, and looks again.</summary>
    Task WaitAsync(TimeSpan time, CancellationToken cancellationToken);

    Task<T> CallAsync<T>(string what, Func<T> apply, CancellationToken cancellationToken);
}
