using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Makes calls of the database, and repeats those whose failure is transient.</summary>
/// <param name="connections">The database.</param>
/// <param name="retries">How often and when a call is repeated.</param>
internal sealed class RedisCalls(RedisConnections connections, RetryLoop retries)
{
    private const int MaxWaits = 3;

    /// <summary>Makes a call.</summary>
    /// <param name="call">The call. It must expect the effects of its own earlier tries.</param>
    /// <param name="cancellationToken">Ends the call and the waits.</param>
    internal Task<T> RunAsync<T>(Func<IDatabase, Task<T>> call, CancellationToken cancellationToken) =>
        RunAsync((database, _) => call(database), cancellationToken);

    /// <summary>Makes a call that knows which try it is, from 1.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Ends the call and the waits.</param>
    internal Task<T> RunAsync<T>(Func<IDatabase, int, Task<T>> call, CancellationToken cancellationToken) =>
        retries.RunAsync((attempt, ct) => connections.UseAsync(database => call(database, attempt), ct), cancellationToken);

    /// <summary>Runs a script whose writes must not be lost, as far as the settings ask for it, and waits again where nobody confirms them.</summary>
    /// <param name="script">The script.</param>
    /// <param name="keys">Every key that it touches.</param>
    /// <param name="values">Its other arguments.</param>
    /// <param name="cancellationToken">Ends the call and the waits.</param>
    internal Task<RedisResult> RunDurablyAsync(
        RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken) =>
        retries.RunAsync(
            async (_, ct) =>
            {
                for (var tries = 1; ; tries++)
                {
                    try
                    {
                        return await connections.RunDurablyAsync(script, keys, values, ct);
                    }
                    catch (DurabilityUnknownException) when (tries < MaxWaits)
                    {
                        // The script finds that it has written, and the replicas have as much time again.
                    }
                }
            },
            cancellationToken);

    /// <summary>Runs a script.</summary>
    /// <param name="script">The script.</param>
    /// <param name="keys">Every key that it touches.</param>
    /// <param name="values">Its other arguments.</param>
    /// <param name="cancellationToken">Ends the call and the waits.</param>
    internal Task<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken) =>
        RunAsync(database => script.RunAsync(database, keys, values), cancellationToken);
}
