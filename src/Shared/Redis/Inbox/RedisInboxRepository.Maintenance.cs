using System.Globalization;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;
using StackExchange.Redis;

namespace Relaybox.Redis;

// Maintenance: each step takes the oldest records of a bucket, from a sorted set that has no others, and goes on with the next.
// The cursor is the bucket.
internal sealed partial class RedisInboxRepository
{
    private const int ScannedAtOnce = 1000;

    private static readonly RedisScript Due = RedisScript.Load("inbox_due");
    private static readonly RedisScript Cleanup = RedisScript.Load("inbox_cleanup");
    private static readonly RedisScript Reset = RedisScript.Load("inbox_reset");

    /// <inheritdoc />
    public Task<MaintenancePage> CleanupAsync(TimeSpan retention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        StepAsync(Cleanup, names => names.Processed, [Milliseconds(retention)], cursor, pageSize, cancellationToken);

    /// <inheritdoc />
    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        StepAsync(
            Reset,
            names => names.Leases,
            [Milliseconds(age), ErrorCodes.LeaseExpired, InboxRecord.LeaseExpired],
            cursor,
            pageSize,
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        _calls.RunAsync<IReadOnlyDictionary<string, long>>(
            async database =>
            {
                var counts = new Dictionary<string, long>(StringComparer.Ordinal);

                // A server that changes the size of its table may give a key twice.
                var seen = new HashSet<string>(StringComparer.Ordinal);
                foreach (var server in database.Multiplexer.GetServers().Where(server => server.IsConnected && !server.IsReplica))
                {
                    var keys = server.KeysAsync(database.Database, InboxNames.Pattern(options), ScannedAtOnce);
                    await foreach (var page in keys.Select(key => (string)key!).Where(InboxNames.IsRecord).Chunk(ScannedAtOnce)
                        .WithCancellation(cancellationToken))
                    {
                        var statuses = await Task.WhenAll(page.Where(seen.Add)
                            .Select(key => database.HashGetAsync(key, InboxFields.Status, CommandFlags.DemandMaster)));
                        foreach (var status in statuses.Where(status => !status.IsNull))
                        {
                            counts[status!] = counts.GetValueOrDefault(status!) + 1;
                        }
                    }
                }

                return counts;
            },
            cancellationToken);

    private async Task<MaintenancePage> StepAsync(
        RedisScript script, Func<InboxNames, RedisKey> set, RedisValue[] values, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var bucket = int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var stored) ? stored : 0;
        var (affected, left) = (0, pageSize);
        for (; bucket < _buckets.Length; bucket++)
        {
            var names = _buckets[bucket];
            var found = (string[])(await _calls.RunAsync(Due, [set(names)], [values[0], left], cancellationToken))!;
            affected += found.Length == 0
                ? 0
                : (int)await _calls.RunAsync(script, [set(names), .. found.Select(names.Record)], values, cancellationToken);
            left -= found.Length;
            if (left <= 0)
            {
                return new MaintenancePage(affected, bucket.ToString(CultureInfo.InvariantCulture));
            }
        }

        return new MaintenancePage(affected, null);
    }
}
