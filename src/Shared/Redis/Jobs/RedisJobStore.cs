using Relaybox.Maintenance;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Jobs in Redis: a hash each, changed only under its token. The server's clock decides.</summary>
/// <param name="connections">The database.</param>
/// <param name="options">The prefix.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of tokens and jitter.</param>
internal sealed class RedisJobStore(RedisConnections connections, RedisOptions options, TimeProvider time, IEntropy entropy) : IJobStore
{
    private static readonly RedisScript Acquire = RedisScript.Load("job_acquire");
    private static readonly RedisScript Delete = RedisScript.Load("job_delete");
    private static readonly RedisScript List = RedisScript.Load("job_list");
    private static readonly RedisScript Read = RedisScript.Load("job_read");
    private static readonly RedisScript Save = RedisScript.Load("job_save");

    private readonly RedisCalls _calls = new(connections, connections.Retries(time, entropy));

    /// <inheritdoc />
    public async Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken)
    {
        // One token for all tries: a claim whose answer was lost is ours.
        var token = entropy.NewGuid().ToString("N");
        var cursor = (string?)await _calls.RunAsync(Acquire, [Key(job), Names], [job, token, (long)lease.TotalMilliseconds], cancellationToken);
        return cursor is null ? null : new JobLease(job, token, cursor.Length == 0 ? null : cursor);
    }

    /// <inheritdoc />
    public async Task<bool> SaveAsync(JobLease lease, string? cursor, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return (int)await _calls.RunAsync(
            Save, [Key(lease.Job)], [lease.Token, (long)duration.TotalMilliseconds, cursor ?? ""], cancellationToken) == 1;
    }

    /// <inheritdoc />
    public async Task<bool> DeleteAsync(JobLease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return (int)await _calls.RunAsync(Delete, [Key(lease.Job), Names], [lease.Job, lease.Token], cancellationToken) == 1;
    }

    /// <inheritdoc />
    public async Task<JobRecord?> FindAsync(string job, CancellationToken cancellationToken) =>
        (RedisValue[]?)await _calls.RunAsync(Read, [Key(job)], [], cancellationToken) is [_, var cursor]
            ? new JobRecord(job, cursor.IsNullOrEmpty ? null : (string?)cursor)
            : null;

    /// <inheritdoc />
    public async Task<IReadOnlyList<JobRecord>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        // A job can have been deleted since its name was read.
        var names = (string[])(await _calls.RunAsync(List, [Names], [prefix], cancellationToken))!;
        return [.. (await Task.WhenAll(names.Select(name => FindAsync(name, cancellationToken)))).OfType<JobRecord>()];
    }

    private RedisKey Names => $"{Bucket.All(options)[0].Tag}:jobs";

    private RedisKey Key(string job) => $"{Bucket.All(options)[0].Tag}:job:{job}";
}
