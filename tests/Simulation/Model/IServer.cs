namespace Relaybox.Simulation.Model;

/// <summary>How a model store is reached: at once in a conformance test, over the wire in the simulation.</summary>
internal interface IServer
{
    /// <summary>The clock that decides.</summary>
    DateTimeOffset Now { get; }

    Task<T> CallAsync<T>(string what, Func<T> apply, CancellationToken cancellationToken);
}
