using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Paging;
using Relaybox.Timing;

namespace Relaybox.Simulation.Model;

/// <summary>
/// A repository on the model outbox. With order it works as PostgreSQL's: one call per operation, whole or not at all, by the
/// store's clock. Without, as DynamoDB's: an index that may be stale names candidates, each row is a call of its own, and the
/// caller's clock decides.
/// </summary>
/// <param name="table">The rows.</param>
/// <param name="server">The way to them.</param>
/// <param name="entropy">The source of tokens.</param>
/// <param name="announces">Whether a stream announces new rows; otherwise they are due at once.</param>
/// <param name="stale">Whether an index answers as of some time ago.</param>
internal sealed class ModelOutbox(
    OutboxTable table, IServer server, IEntropy entropy, bool announces = false, Func<List<string>, List<string>>? stale = null) : ILockingOutbox
{
    // For how long a statement waits for rows that others have locked, and how often it looks.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    public bool KeepsOrder => table.KeepsOrder;

    public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        RowContract.Require(outboxEvent);
        return server.CallAsync("outbox.write", () => table.FindOrCreate(outboxEvent, server.Now, !announces), cancellationToken);
    }

    public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) =>
        server.CallAsync("outbox.find", () => table.Find(eventId)?.ToRow(), cancellationToken);

    public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return server.CallAsync("outbox.find-pending", () => table.FindPending(limit), cancellationToken);
    }

    public Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        limit.Require();
        return KeepsOrder
            ? server.CallAsync<IReadOnlyList<OutboxClaim>>(
                "outbox.claim",
                () => [.. table.Claim(limit, server.Now, lease, NewToken()).Select(row => row.ToClaim(limit, KeepsOrder))],
                cancellationToken)
            : ClaimEachAsync(limit, lease, cancellationToken);
    }

    public async Task<ILockedRows> LockAsync(ClaimLimit limit, TimeSpan longest, CancellationToken cancellationToken)
    {
        limit.Require();
        return await server.CallAsync(
            "outbox.lock",
            () =>
            {
                var locked = table.Lock(limit, server.Now, longest);
                return new ModelLockedRows(
                    table, server, locked, [.. locked.Rows.Select(row => row.ToClaim(limit, KeepsOrder) with { Token = ClaimToken.None })]);
            },
            cancellationToken);
    }

    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken) =>
        ClaimOneAsync(eventId, limit: 1, lease, onlyIfDue: false, cancellationToken);

    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken) =>
        MarkAsync("sent", marks, mark => mark.EventId, table.MarkSent, cancellationToken);

    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        MarkAsync("retry", marks, mark => mark.EventId, table.Retry, cancellationToken);

    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken) =>
        MarkAsync("park", marks, mark => mark.EventId, table.Park, cancellationToken);

    public Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        server.CallAsync(
            "outbox.cleanup", () => table.Cleanup(server.Now, sentRetention, failedRetention, cursor, pageSize), cancellationToken);

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        server.CallAsync("outbox.reset", () => table.ResetStale(server.Now, age, cursor, pageSize), cancellationToken);

    public Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        server.CallAsync("outbox.reconcile", () => table.Reconcile(server.Now, age, cursor, pageSize), cancellationToken);

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        server.CallAsync("outbox.count", table.CountByStatus, cancellationToken);

    public Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken) =>
        server.CallAsync("outbox.oldest", () => table.OldestDueAge(server.Now), cancellationToken);

    private async Task<IReadOnlyList<OutboxClaim>> ClaimEachAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        var candidates = await server.CallAsync("outbox.query", () => table.Due(limit.Rows, server.Now), cancellationToken);
        var rows = (stale?.Invoke(candidates) ?? candidates).Select(id => table.Find(id)).OfType<TableRow>();
        var claims = new List<OutboxClaim>();
        Exception? failure = null;
        foreach (var claiming in OutboxTable.Fitting(limit, rows).ConvertAll(
            row => ClaimOneAsync(row.EventId, limit, lease, onlyIfDue: true, cancellationToken)))
        {
            try
            {
                if (await claiming is { } claim)
                {
                    claims.Add(claim);
                }
            }
            catch (HttpRequestException e)
            {
                failure = e;
            }
        }

        return claims.Count == 0 && failure is not null ? throw failure : claims;
    }

    private async Task<OutboxClaim?> ClaimOneAsync(
        string eventId, ClaimLimit limit, TimeSpan lease, bool onlyIfDue, CancellationToken cancellationToken)
    {
        var token = NewToken();
        return await server.CallAsync(
            $"outbox.claim {eventId}",
            () => table.ClaimOne(eventId, server.Now, lease, token, onlyIfDue)?.ToClaim(limit, KeepsOrder),
            cancellationToken);
    }

    private async Task<MarkResult> MarkAsync<TMark>(
        string what,
        IReadOnlyList<TMark> marks,
        Func<TMark, string> eventId,
        Func<TMark, DateTimeOffset, bool> apply,
        CancellationToken cancellationToken)
    {
        if (marks.Count == 0)
        {
            return MarkResult.Empty;
        }

        List<TMark> each = [.. marks.DistinctBy(eventId)];
        if (KeepsOrder)
        {
            var held = await ChangeAsync(
                $"outbox.{what}", [.. each.Select(eventId)], () => each.ConvertAll(mark => apply(mark, server.Now)), cancellationToken);
            List<string> late = [.. each.Where((_, i) => !held[i]).Select(eventId)];
            return new MarkResult(each.Count - late.Count, late, []);
        }

        return await MarkEachAsync(
            each.ConvertAll(
                mark => (eventId(mark), server.CallAsync($"outbox.{what} {eventId(mark)}", () => apply(mark, server.Now), cancellationToken))));
    }

    private async Task<List<bool>> ChangeAsync(
        string what, List<string> eventIds, Func<List<bool>> change, CancellationToken cancellationToken)
    {
        for (var waited = TimeSpan.Zero; waited < LongestWait; waited += Look)
        {
            if (await server.CallAsync(what, () => table.IsLocked(eventIds, server.Now) ? null : change(), cancellationToken) is { } changed)
            {
                return changed;
            }

            await server.WaitAsync(Look, cancellationToken);
        }

        throw new HttpRequestException("others have locked the rows for too long");
    }

    private static async Task<MarkResult> MarkEachAsync(List<(string EventId, Task<bool> Call)> calls)
    {
        var held = 0;
        List<string> late = [];
        List<string> unrecorded = [];
        foreach (var (eventId, call) in calls)
        {
            try
            {
                if (await call)
                {
                    held++;
                }
                else
                {
                    late.Add(eventId);
                }
            }
            catch (HttpRequestException)
            {
                unrecorded.Add(eventId);
            }
        }

        return new MarkResult(held, late, unrecorded);
    }

    private string NewToken() => entropy.NewGuid().ToString("N");
}
