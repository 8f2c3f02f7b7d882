using System.Globalization;
using System.Net;
using Relaybox.Settings;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// How sure a write has to be before it counts as done. Without it, what the primary has acknowledged can be lost in a failover, because replicas
/// follow later. With it, each write waits for replicas (<c>WAIT</c>), or for disks (<c>WAITAOF</c>, from Redis 7.2 on). A write that is not
/// confirmed in time is there nonetheless, and ends with a <see cref="DurabilityUnknownException"/>. Even a confirmed one is lost where a replica
/// is promoted that did not confirm it, which a cluster and sentinels avoid as far as they can, and no server promises.
/// </summary>
public sealed class RedisDurability
{
    private static long _names;

    private readonly IConnectionMultiplexer _connection;
    private readonly Lock _order = new();

    private RedisDurability(IConnectionMultiplexer connection, int replicas, bool onDisk, TimeSpan within) =>
        (_connection, ReplicaCount, OnDisk, Within) = (connection, replicas, onDisk, within);

    /// <summary>How many replicas have to confirm a write.</summary>
    public int ReplicaCount { get; }

    /// <summary>Whether the primary, and these replicas, have to have it on disk.</summary>
    public bool OnDisk { get; }

    /// <summary>How long a write waits for that.</summary>
    public TimeSpan Within { get; }

    /// <summary>Writes count when replicas have them.</summary>
    /// <param name="connection">
    /// A connection that is for this alone: <c>WAIT</c> blocks it, and everything else that is sent on it would wait. Its timeout
    /// (<see cref="ConfigurationOptions.AsyncTimeout"/>) has to be longer than <paramref name="within"/>.
    /// </param>
    /// <param name="replicas">How many replicas; at least 1.</param>
    /// <param name="within">How long a write waits for them; at least 1 ms.</param>
    public static RedisDurability Replicas(IConnectionMultiplexer connection, int replicas, TimeSpan within)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentOutOfRangeException.ThrowIfLessThan(replicas, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(within, TimeSpan.FromMilliseconds(1));
        return new RedisDurability(connection, replicas, onDisk: false, within);
    }

    /// <summary>Writes count when the primary has them on disk, and so many replicas as well. It needs Redis 7.2 and an append-only file.</summary>
    /// <param name="connection">A connection that is for this alone, as for <see cref="Replicas"/>.</param>
    /// <param name="replicas">How many replicas besides the primary; 0 or more.</param>
    /// <param name="within">How long a write waits for them; at least 1 ms.</param>
    public static RedisDurability Disk(IConnectionMultiplexer connection, int replicas, TimeSpan within)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentOutOfRangeException.ThrowIfNegative(replicas);
        ArgumentOutOfRangeException.ThrowIfLessThan(within, TimeSpan.FromMilliseconds(1));
        return new RedisDurability(connection, replicas, onDisk: true, within);
    }

    /// <summary>Runs a script, and waits until what it wrote is confirmed.</summary>
    /// <param name="script">The script.</param>
    /// <param name="keys">Every key that it touches; the first one is its bucket's.</param>
    /// <param name="values">Its other arguments.</param>
    /// <param name="cancellationToken">Ends the wait; the script may still be executed.</param>
    /// <exception cref="DurabilityUnknownException">It is written, and not confirmed.</exception>
    internal async Task<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken)
    {
        var server = await FindAsync(keys[0], cancellationToken);
        try
        {
            return await RunAsync(server, ["EVALSHA", script.Sha], keys, values, cancellationToken);
        }
        catch (RedisServerException e) when (e.Kind == RedisErrorKind.NoScript)
        {
            return await RunAsync(server, ["EVAL", script.Text], keys, values, cancellationToken);
        }
        catch (RedisServerException e) when (e.Kind is RedisErrorKind.Moved or RedisErrorKind.Ask or RedisErrorKind.ReadOnly)
        {
            // The client looks for the primary by itself only where it has sent the command by itself.
            await _connection.ConfigureAsync().WaitAsync(cancellationToken);
            throw;
        }
    }

    private async Task<IServer> FindAsync(RedisKey key, CancellationToken cancellationToken)
    {
        var endPoint = await _connection.GetDatabase().IdentifyEndpointAsync(key, CommandFlags.DemandMaster).WaitAsync(cancellationToken);
        return _connection.GetServer(endPoint ?? throw new RedisConnectionException(
            ConnectionFailureType.UnableToResolvePhysicalConnection, CommandFlags.None, "No primary of the key is connected.", null));
    }

    // WAIT looks at the last write of its own connection alone. So all of it has to go over one connection, whose name, which each one loses with its
    // end, proves that; and the last of it is a write, also where the script found that everything was done before.
    private async Task<RedisResult> RunAsync(
        IServer server, object[] command, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"relaybox-wait-{Interlocked.Increment(ref _names)}");
        Task<RedisResult> written;
        Task[] others;
        Task<RedisResult> confirmed, named;
        lock (_order)
        {
            var first = server.ExecuteAsync("CLIENT", "SETNAME", name);
            written = server.ExecuteAsync(
                (string)command[0],
                [command[1], keys.Length, .. keys.Select(key => (object)key), .. values.Select(value => (object)value)],
                CommandFlags.NoRedirect);
            var last = server.ExecuteAsync("INCR", [MarkOf(keys[0])], CommandFlags.NoRedirect);
            confirmed = OnDisk
                ? server.ExecuteAsync("WAITAOF", 1, ReplicaCount, (long)Within.TotalMilliseconds)
                : server.ExecuteAsync("WAIT", ReplicaCount, (long)Within.TotalMilliseconds);
            named = server.ExecuteAsync("CLIENT", "GETNAME");
            others = [first, last, confirmed, named];
        }

        var rest = Task.WhenAll(others);
        var result = await written.WaitAsync(cancellationToken);
        try
        {
            await rest.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new DurabilityUnknownException(Missing("the connection was lost, or the server does not know the command"), e);
        }

        if ((string?)await named != name)
        {
            throw new DurabilityUnknownException(Missing("the connection was lost meanwhile"), null);
        }

        int[] counts = OnDisk ? (int[])(await confirmed)! : [1, (int)await confirmed];
        return counts[0] >= 1 && counts[1] >= ReplicaCount
            ? result
            : throw new DurabilityUnknownException(Missing(string.Create(CultureInfo.InvariantCulture, $"{counts[1]} did in time")), null);
    }

    private string Missing(string found) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(OnDisk ? $"the primary's disk and {ReplicaCount} replicas'" : $"{ReplicaCount} replicas")} did not confirm it "
        + $"within {Within.TotalMilliseconds} ms: {found}");

    private static RedisKey MarkOf(RedisKey key) => $"{Bucket.TagOf(key!)}:confirmed";
}
