using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Relaybox.Outbox;
using Relaybox.Paging;
using StackExchange.Redis;

namespace Relaybox.Redis;

// Maintenance: bounded steps. A cursor begins with what is looked at, and with the bucket.
internal sealed partial class RedisOutboxRepository
{
    // So many keys of the server, those of other programs too, are looked at in one command.
    private const int KeysOfAScan = 1_000;

    // An empty answer is no end: the server may have many keys of others.
    private const int ScansOfAStep = 100;

    private static readonly RedisScript Page = RedisScript.Load("outbox_page");
    private static readonly RedisScript Delete = RedisScript.Load("outbox_delete");
    private static readonly RedisScript Reset = RedisScript.Load("outbox_reset");
    private static readonly RedisScript Reconcile = RedisScript.Load("outbox_reconcile");
    private static readonly RedisScript Scan = RedisScript.Load("outbox_scan");

    /// <inheritdoc />
    public async Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        // What stays, such as parked rows that others wait for, is passed by from then on.
        var (number, isParked, skip) = cursor?.Split(':') is [var bucket, var status, var kept]
            ? (Parse(bucket), status == OutboxStatusText.Failed, Parse(kept))
            : (0, false, 0);
        var set = isParked ? _buckets[number].Failed() : _buckets[number].Sent();
        var retention = isParked ? failedRetention ?? TimeSpan.MaxValue : sentRetention;
        var (deleted, left, found) = await DeleteAsync(_buckets[number], set, isParked, retention, skip, pageSize, cancellationToken);
        if (found == pageSize)
        {
            return new MaintenancePage(deleted, Cursor(number, isParked, skip + left));
        }

        if (!isParked && failedRetention is not null)
        {
            return new MaintenancePage(deleted, Cursor(number, isParked: true, 0));
        }

        return new MaintenancePage(deleted, number + 1 < _buckets.Length ? Cursor(number + 1, isParked: false, 0) : null);

        static string Cursor(int number, bool isParked, int skip) =>
            string.Create(CultureInfo.InvariantCulture, $"{number}:{(isParked ? OutboxStatusText.Failed : OutboxStatusText.Sent)}:{skip}");
    }

    /// <inheritdoc />
    public async Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var (reset, left) = (0, pageSize);
        for (var number = cursor is null ? 0 : Parse(cursor); number < _buckets.Length; number++)
        {
            var stale = await PageAsync(_buckets[number].Leases(), age, 0, left, cancellationToken);
            reset += stale.Length == 0 ? 0 : await ResetAsync(_buckets[number], stale, age, cancellationToken);
            left -= stale.Length;
            if (left == 0)
            {
                return new MaintenancePage(reset, number.ToString(CultureInfo.InvariantCulture));
            }
        }

        return new MaintenancePage(reset, null);
    }

    /// <inheritdoc />
    public async Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var recovered = 0;
        var seen = 0;
        for (var scans = 0; scans < ScansOfAStep && seen < pageSize; scans++)
        {
            var (rows, next) = await ScanAsync(cursor, pageSize, cancellationToken);
            seen += rows.Count;
            foreach (var some in rows.GroupBy(row => row.Bucket, row => row.EventId))
            {
                recovered += await ReconcileAsync(some.Key, [.. some], age, counts, cancellationToken);
            }

            cursor = next;
            if (cursor is null)
            {
                break;
            }
        }

        return new ReconcilePage(recovered, counts, cursor);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);

        // The server may name a key twice. What is kept of each is short: there can be millions.
        var seen = new HashSet<long>();
        string? cursor = null;
        do
        {
            var (rows, next) = await ScanAsync(cursor, KeysOfAScan, cancellationToken);
            var unseen = rows.FindAll(row => seen.Add(BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(row.Bucket.Row(row.EventId))))));
            var statuses = await _calls.RunAsync(
                database => Task.WhenAll(unseen.Select(row => database.HashGetAsync(
                    row.Bucket.Row(row.EventId), OutboxFields.Status, CommandFlags.DemandMaster))),
                cancellationToken);
            foreach (var status in statuses.Where(status => !status.IsNull))
            {
                counts[status!] = counts.GetValueOrDefault(status!) + 1;
            }

            cursor = next;
        }
        while (cursor is not null);
        return counts;
    }

    /// <inheritdoc />
    public async Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken)
    {
        var waits = await _calls.RunAsync(database => OutboxDue.UntilAsync(database, _buckets), cancellationToken);
        return waits is { } first && first < TimeSpan.Zero ? -first : TimeSpan.Zero;
    }

    private Task<RedisValue[]> PageAsync(string set, TimeSpan age, int skip, int count, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async database => (RedisValue[])(await Page.RunAsync(database, new ScriptArguments([set], Milliseconds(age), skip, count)))!,
            cancellationToken);

    private Task<int> ResetAsync(Bucket bucket, RedisValue[] members, TimeSpan age, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async database => (int)await Reset.RunAsync(database, Rows(bucket, members, Milliseconds(age))), cancellationToken);

    private async Task<(int Deleted, int Kept, int Found)> DeleteAsync(
        Bucket bucket, string set, bool isParked, TimeSpan retention, int skip, int pageSize, CancellationToken cancellationToken)
    {
        var old = await PageAsync(set, retention, skip, pageSize, cancellationToken);
        if (old.Length == 0)
        {
            return (0, 0, 0);
        }

        var answer = await _calls.RunAsync(
            async database => (int[])(await Delete.RunAsync(
                database, Rows(bucket, old, isParked ? OutboxStatusText.Failed : OutboxStatusText.Sent, Milliseconds(retention))))!,
            cancellationToken);
        return (answer[0], answer[1], old.Length);
    }

    private async Task<int> ReconcileAsync(
        Bucket bucket, string[] eventIds, TimeSpan age, Dictionary<string, long> counts, CancellationToken cancellationToken)
    {
        var arguments = new ScriptArguments(bucket.Keys(), Milliseconds(age));
        foreach (var eventId in eventIds.Distinct(StringComparer.Ordinal))
        {
            arguments.AddKey(bucket.Row(eventId));
            arguments.Add(eventId);
            arguments.Add("");
        }

        var answer = await _calls.RunAsync(async database => (RedisResult[])(await Reconcile.RunAsync(database, arguments))!, cancellationToken);
        foreach (var status in ((RedisResult[])answer[1]!).Where(status => !status.IsNull).Select(status => (string)status!))
        {
            counts[status] = counts.GetValueOrDefault(status) + 1;
        }

        // Rows that wait for one that is neither due nor claimed: it is parked, or it was deleted by hand.
        var holding = ((RedisValue[])answer[2]!).Distinct().ToArray();
        return (int)answer[0] + (holding.Length == 0
            ? 0
            : await _calls.RunAsync(
                async database => (int)((RedisResult[])(await Reconcile.RunAsync(database, Rows(bucket, holding, Milliseconds(age))))!)[0],
                cancellationToken));
    }

    // Every server of a cluster is asked for its own keys, by way of the first bucket that it has.
    private Task<(List<(Bucket Bucket, string EventId)> Rows, string? Cursor)> ScanAsync(
        string? cursor, int pageSize, CancellationToken cancellationToken) =>
        _calls.RunAsync(
            async database =>
            {
                var (number, place) = cursor?.Split(':') is [var bucket, var at] ? (Parse(bucket), at) : (0, "0");
                var answer = (RedisResult[])(await Scan.RunAsync(
                    database,
                    new ScriptArguments(
                        [_buckets[number].Schema], place, OutboxNames.RowPattern(_options), Math.Max(pageSize, KeysOfAScan))))!;
                var rows = ((string[])answer[1]!).Select(key => OutboxNames.ReadRow(_options, key)).OfType<(Bucket, string)>().ToList();
                var next = (string)answer[0]!;
                return (rows, next != "0" ? $"{number}:{next}"
                    : await NextServerAsync(database, number) is { } other ? string.Create(CultureInfo.InvariantCulture, $"{other}:0")
                    : null);
            },
            cancellationToken);

    private async Task<int?> NextServerAsync(IDatabase database, int number)
    {
        if (number + 1 >= _buckets.Length)
        {
            return null;
        }

        var servers = await Task.WhenAll(_buckets.Select(bucket => database.IdentifyEndpointAsync(bucket.Schema, CommandFlags.DemandMaster)));
        for (var other = number + 1; other < servers.Length; other++)
        {
            if (Array.FindIndex(servers, server => Equals(server, servers[other])) == other)
            {
                return other;
            }
        }

        return null;
    }

    private static ScriptArguments Rows(Bucket bucket, RedisValue[] members, params IEnumerable<RedisValue> values)
    {
        var arguments = new ScriptArguments(bucket.Keys(), values);
        foreach (var member in members)
        {
            var eventId = OutboxNames.ReadMember(member).EventId;
            arguments.AddKey(bucket.Row(eventId));
            arguments.Add(eventId);
            arguments.Add(member);
        }

        return arguments;
    }

    private static long Milliseconds(TimeSpan time) => (long)Math.Min(time.TotalMilliseconds, 1e14);

    private static int Parse(string number) => int.Parse(number, CultureInfo.InvariantCulture);
}
