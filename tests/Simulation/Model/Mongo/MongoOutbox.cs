using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Paging;
using Relaybox.Timing;

namespace Relaybox.Simulation.Model;

/// <summary>
/// An outbox on the model of MongoDB, in the steps of the real one (<c>src/Shared/MongoDb/Outbox</c>). What a step does to a row is the
/// table's; here is which steps there are, and what may come between them.
/// </summary>
/// <param name="client">The database.</param>
/// <param name="entropy">The source of tokens.</param>
internal sealed partial class MongoOutbox(MongoClient client, IEntropy entropy) : IOutboxRepository
{
    private readonly MongoOrder _order = new(client);

    public bool KeepsOrder => true;

    private MongoServer Server => client.Server;

    private OutboxTable Table => client.Server.Outbox;

    public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        RowContract.Require(outboxEvent);
        return client.RunAsync(_ => FindOrCreateOnceAsync(outboxEvent, cancellationToken), cancellationToken);
    }

    public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) =>
        FindAsync("outbox.find", () => Table.Find(eventId)?.ToRow(), cancellationToken);

    public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return FindAsync("outbox.find-pending", () => Table.FindPending(limit), cancellationToken);
    }

    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken) =>
        MarkAsync("sent", marks, mark => mark, Table.MarkSent, cancellationToken);

    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        MarkAsync("retry", marks, mark => new OutboxMark(mark.EventId, mark.Token), Table.Retry, cancellationToken);

    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken) =>
        MarkAsync("park", marks, mark => new OutboxMark(mark.EventId, mark.Token), Table.Park, cancellationToken);

    public Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        ChangeAsync("outbox.cleanup", () => Table.Cleanup(Server.Now, sentRetention, failedRetention, cursor, pageSize), cancellationToken);

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        ChangeAsync("outbox.reset", () => Table.ResetStale(Server.Now, age, cursor, pageSize), cancellationToken);

    public Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        ChangeAsync("outbox.reconcile", () => Table.Reconcile(Server.Now, age, cursor, pageSize), cancellationToken);

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        FindAsync("outbox.count", Table.CountByStatus, cancellationToken);

    public Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken) =>
        FindAsync("outbox.oldest", () => Table.OldestDueAge(Server.Now), cancellationToken);

    private async Task<FoundOrCreated> FindOrCreateOnceAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken)
    {
        var session = client.Begin();
        try
        {
            var found = await session.ExecuteAsync(
                "outbox.find", transaction => Server.RowAt(transaction, outboxEvent.EventId)?.ToRow(), cancellationToken);
            if (found is not null)
            {
                return found.Event.SaysTheSameAs(outboxEvent)
                    ? new FoundOrCreated(found, Created: false)
                    : throw new EventIdConflictException(outboxEvent.EventId);
            }

            await MongoInsert.InsertAsync(session, Server, outboxEvent, cancellationToken);
            await session.CommitAsync(cancellationToken);
        }
        finally
        {
            await session.AbortAsync();
        }

        return new FoundOrCreated(await FindAsync(outboxEvent.EventId, cancellationToken) ?? throw new MongoFailure(MongoFailure.NoAnswer), true);
    }

    private async Task<MarkResult> MarkAsync<TMark>(
        string what,
        IReadOnlyList<TMark> marks,
        Func<TMark, OutboxMark> nameOf,
        Func<TMark, DateTimeOffset, bool> apply,
        CancellationToken cancellationToken)
    {
        var batch = marks.DistinctBy(nameOf).ToDictionary(mark => DocumentId.Row(nameOf(mark).EventId));
        if (batch.Count == 0)
        {
            return MarkResult.Empty;
        }

        try
        {
            var held = await client.RunAsync(_ => MarkOnceAsync(), cancellationToken);
            return new MarkResult(held.Count, [.. batch.Values.Select(mark => nameOf(mark).EventId).Where(id => !held.Contains(id))], []);
        }
        catch (MongoFailure e) when (e.IsTransient && !cancellationToken.IsCancellationRequested)
        {
            return new MarkResult(0, [], [.. batch.Values.Select(mark => nameOf(mark).EventId)]);
        }

        async Task<List<string>> MarkOnceAsync()
        {
            var modified = await client.UpdateAsync(
                $"outbox.{what}",
                batch.Keys,
                id => Table.FindClaimed((string)id.Key, nameOf(batch[id]).Token) is not null && apply(batch[id], Server.Now),
                cancellationToken);

            // Where a mark does not hold any more, the row says whether an earlier try of this very mark has held.
            List<string> held = modified == batch.Count
                ? [.. batch.Values.Select(mark => nameOf(mark).EventId)]
                : await client.FindAsync(
                    "outbox.find-done",
                    () => batch.Values.Where(mark => Table.FindClaimed(nameOf(mark).EventId, nameOf(mark).Token) is null && apply(mark, Server.Now))
                        .Select(mark => nameOf(mark).EventId).ToList(),
                    cancellationToken);
            if (what == "sent")
            {
                await _order.ReleaseAsync(held, cancellationToken);
            }

            return held;
        }
    }

    private Task<T> FindAsync<T>(string what, Func<T> find, CancellationToken cancellationToken) =>
        client.RunAsync(_ => client.FindAsync(what, find, cancellationToken), cancellationToken);

    // A page of maintenance, which waits for what transactions hold.
    private Task<T> ChangeAsync<T>(string what, Func<T> change, CancellationToken cancellationToken) => client.RunAsync(
        _ => client.UpdateAllAsync(what, () => Table.Rows.Select(row => DocumentId.Row(row.EventId)), change, cancellationToken), cancellationToken);

    private string NewToken() => entropy.NewGuid().ToString("N");
}
