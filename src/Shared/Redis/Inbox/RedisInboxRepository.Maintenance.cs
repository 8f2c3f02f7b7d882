using System.Globalization;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;
using StackExchange.Redis;

namespace Relaybox.Redis;

// Maintenance: each step takes the oldest records of a sorted set, which only names records of a bucket that may be due, and goes on with
// the next set. The cursor is the set's place.
internal sealed partial class RedisInboxRepository
{
    private const int ScannedAtOnce = 1000;

    private static readonly RedisScript Due = RedisScript.Load("inbox_due");
    private static readonly RedisScript Cleanup = RedisScript.Load("inbox_cleanup");
    private static readonly RedisScript Reset = RedisScript.Load("inbox_reset");

    /// <inheritdoc />
    public Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        RedisValue[] processed = [Milliseconds(processedRetention), InboxStatusText.Processed, InboxFields.ProcessedAt];
        RedisValue[] failed = [Milliseconds(failedRetention), InboxStatusText.Failed, InboxFields.FailedAt];
        return StepAsync(
            Cleanup,
            [
                .. _buckets.Select(names => new SortedRecords(names, [names.Processed], processed)),
                .. _buckets.Select(names => new SortedRecords(names, [names.Failed], failed)),
            ],
            cursor,
            pageSize,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        RedisValue[] values = [Milliseconds(age), ErrorCodes.LeaseExpired, InboxRecord.LeaseExpired];
        return StepAsync(
            Reset,
            [.. _buckets.Select(names => new SortedRecords(names, [names.Leases, names.Failed], values))],
            cursor,
            pageSize,
            cancellationToken);
    }

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
        RedisScript script, IReadOnlyList<SortedRecords> sets, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var place = int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var stored) ? stored : 0;
        var (affected, left) = (0, pageSize);
        for (; place < sets.Count; place++)
        {
            var (names, keys, values) = sets[place];
            var found = (string[])(await _calls.RunAsync(Due, [keys[0]], [values[0], left], cancellationToken))!;
            affected += found.Length == 0
                ? 0
                : (int)await _calls.RunAsync(script, [.. keys, .. found.Select(names.Record)], values, cancellationToken);
            left -= found.Length;
            if (left <= 0)
            {
                return new MaintenancePage(affected, place.ToString(CultureInfo.InvariantCulture));
            }
        }

        return new MaintenancePage(affected, null);
    }

    /// <param name="Names">The bucket.</param>
    /// <param name="Keys">The sorted set, and what else the script writes.</param>
    /// <param name="Values">How long ago a record of the set must have had its time, and what else the script takes.</param>
    private readonly record struct SortedRecords(InboxNames Names, RedisKey[] Keys, RedisValue[] Values);
}
