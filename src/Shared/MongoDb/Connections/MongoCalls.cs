using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>Makes calls of the database, and repeats those whose failure is transient.</summary>
/// <param name="connections">The database.</param>
/// <param name="retries">How often and when a call is repeated.</param>
internal sealed class MongoCalls(MongoConnections connections, RetryLoop retries)
{
    /// <summary>Makes a call.</summary>
    /// <param name="call">The call. It must expect the effects of its own earlier tries.</param>
    /// <param name="cancellationToken">Ends the call and the waits.</param>
    internal Task<T> RunAsync<T>(Func<MongoCollections, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        RunAsync((database, _, ct) => call(database, ct), cancellationToken);

    /// <summary>Makes a call that knows which try it is, from 1.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the call and the waits.</param>
    internal Task<T> RunAsync<T>(Func<MongoCollections, int, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        retries.RunAsync(
            (attempt, ct) => connections.UseAsync((database, inner) => call(database, attempt, inner), ct), cancellationToken);
}
