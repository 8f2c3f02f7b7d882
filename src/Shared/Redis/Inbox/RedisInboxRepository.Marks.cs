using Relaybox.Diagnostics;
using Relaybox.Inbox;
using StackExchange.Redis;

namespace Relaybox.Redis;

// How handling ends: a write holds only while the record is being processed under the claim's own token.
internal sealed partial class RedisInboxRepository
{
    private static readonly RedisScript Hold = RedisScript.Load("inbox_hold");
    private static readonly RedisScript Mark = RedisScript.Load("inbox_mark");
    private static readonly RedisScript Fail = RedisScript.Load("inbox_fail");
    private static readonly RedisScript GiveBack = RedisScript.Load("inbox_give_back");

    /// <inheritdoc />
    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        RunAsync(Hold, claim, [], [Milliseconds(lease), 0], cancellationToken);

    /// <inheritdoc />
    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken) =>
        RunAsync(Hold, claim, [], [Milliseconds(lease), 1], cancellationToken);

    /// <inheritdoc />
    public async Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return (await TryMarkProcessedAsync([claim], cancellationToken))[0];
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claims);
        var marked = new bool[claims.Count];
        await Task.WhenAll(claims.Index().GroupBy(claim => NamesOf(claim.Item)).Select(async bucket =>
        {
            var answer = (int[])(await _calls.RunDurablyAsync(
                Mark,
                [bucket.Key.Leases, bucket.Key.Processed, .. bucket.Select(claim => bucket.Key.Record(claim.Item.Key))],
                [.. bucket.Select(claim => (RedisValue)claim.Item.Token)],
                cancellationToken))!;
            foreach (var ((index, _), isMarked) in bucket.Zip(answer))
            {
                marked[index] = isMarked == 1;
            }
        }));
        return marked;
    }

    /// <inheritdoc />
    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return RunAsync(
            Fail, claim, [NamesOf(claim).Failed], [deliveries, claim.Unfinished, errorCode, ErrorText.Bound(errorMessage)], cancellationToken);
    }

    /// <inheritdoc />
    /// <remarks>The key does not say its bucket.</remarks>
    public Task GiveAttemptsBackAsync(InboxKey key, CancellationToken cancellationToken) => Task.WhenAll(
        _buckets.Select(bucket => _calls.RunAsync(GiveBack, [bucket.Record(key)], [], cancellationToken)));

    /// <summary>What became of a claim's record.</summary>
    /// <returns>Its status, or null where the claim is no longer the record's last.</returns>
    internal Task<InboxStatus?> ReadOwnAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        _calls.RunAsync<InboxStatus?>(
            async database =>
            {
                var record = await database.HashGetAsync(
                    NamesOf(claim).Record(claim.Key), [InboxFields.Status, InboxFields.ClaimToken], CommandFlags.DemandMaster);
                return record[1] == claim.Token ? InboxStatusText.Parse(record[0]) : null;
            },
            cancellationToken);

    // A script whose first keys are the leases and the record, and whose first argument is the token.
    private async Task<bool> RunAsync(
        RedisScript script, InboxClaim.Claimed claim, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        var names = NamesOf(claim);
        return (int)await _calls.RunAsync(script, [names.Leases, names.Record(claim.Key), .. keys], [claim.Token, .. values], cancellationToken) == 1;
    }
}
