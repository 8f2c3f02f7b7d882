using Relaybox.Outbox;

namespace Relaybox.Simulation.Model;

/// <summary>Order per key in the steps of the real store's <c>OutboxOrder</c>: rows that cannot go yet wait, and are released.</summary>
internal sealed class MongoOrder(MongoClient client)
{
    private MongoServer Server => client.Server;

    private OutboxTable Table => client.Server.Outbox;

    /// <summary>Of the keys of some rows, those that cannot go on with them, and which row holds them back.</summary>
    internal async Task<Dictionary<string, string>> FindHeldAsync(IReadOnlyList<TableRow> heads, CancellationToken cancellationToken)
    {
        var held = new Dictionary<string, string>(StringComparer.Ordinal);
        if (heads.All(head => head.Place == 1))
        {
            return held;
        }

        var rows = await client.FindAsync(
            "outbox.find-held", () => Rows().Where(row => row.Blocks).Select(row => row with { }).ToList(), cancellationToken);
        foreach (var head in heads)
        {
            if (rows.Where(row => row.OrderingKey == head.OrderingKey && row.Place < head.Place).MaxBy(row => row.Place) is { } earlier)
            {
                held[head.OrderingKey!] = earlier.EventId;
            }
        }

        return held;
    }

    /// <summary>
    /// Lets rows wait. A row that is sent at this moment either is seen as sent here, or sees its followers: for that the mark has to
    /// change it each time.
    /// </summary>
    internal async Task WaitAsync(IReadOnlyDictionary<string, IReadOnlyList<string>> waiting, CancellationToken cancellationToken)
    {
        if (waiting.Count == 0)
        {
            return;
        }

        var session = client.Begin();
        try
        {
            var holding = await session.ExecuteAsync(
                "outbox.find-holding",
                transaction => waiting.Keys.Where(eventId => Server.RowAt(transaction, eventId) is { Blocks: true }).ToList(),
                cancellationToken);
            if (holding.Count > 0)
            {
                await session.ExecuteAsync("outbox.follow", transaction => Each(transaction, holding, Follow), cancellationToken);
                await session.ExecuteAsync(
                    "outbox.wait", transaction => Each(transaction, holding.SelectMany(id => waiting[id]), Wait), cancellationToken);
            }

            await session.CommitAsync(cancellationToken);
        }
        catch (MongoFailure e) when (e.IsTransient || e.IsUnknownCommit)
        {
            // Somebody has changed one of the rows meanwhile. They stay as they were, and the next claim looks at them again.
            await session.AbortAsync();
        }
    }

    /// <summary>Makes due what waits for these rows, as far as they are sent or skipped.</summary>
    internal async Task ReleaseAsync(IReadOnlyList<string> eventIds, CancellationToken cancellationToken)
    {
        if (eventIds.Count > 0)
        {
            await ReleaseAsync(await FindPastAsync(row => eventIds.Contains(row.EventId), cancellationToken), cancellationToken);
        }
    }

    /// <summary>Makes due what waits for rows that were sent or skipped by somebody who was gone before that was done.</summary>
    /// <returns>Whether there was such a row.</returns>
    internal async Task<bool> ReleaseForgottenAsync(CancellationToken cancellationToken)
    {
        var forgotten = await FindPastAsync(_ => true, cancellationToken);
        await ReleaseAsync(forgotten, cancellationToken);
        return forgotten.Count > 0;
    }

    private Task<List<TableRow>> FindPastAsync(Func<TableRow, bool> which, CancellationToken cancellationToken) => client.FindAsync(
        "outbox.find-followed",
        () => Table.Rows.Where(row => which(row) && row.Followed > 0 && !row.Blocks).Select(row => row with { }).ToList(),
        cancellationToken);

    private async Task ReleaseAsync(List<TableRow> followed, CancellationToken cancellationToken)
    {
        if (followed.Count == 0)
        {
            return;
        }

        var waiting = Table.Rows.Where(
            row => row.IsWaiting && followed.Exists(past => past.OrderingKey == row.OrderingKey && past.Place < row.Place));
        await client.UpdateAsync("outbox.release", waiting.Select(row => DocumentId.Row(row.EventId)), Release, cancellationToken);
        await client.UpdateAsync("outbox.unfollow", followed.Select(row => DocumentId.Row(row.EventId)), Unfollow, cancellationToken);
    }

    private bool Each(MongoTransaction transaction, IEnumerable<string> eventIds, Func<TableRow, (bool Changes, Action Change)> update)
    {
        foreach (var eventId in eventIds)
        {
            if (Server.RowAt(transaction, eventId) is { } row)
            {
                var (changes, change) = update(row);
                Server.Write(transaction, DocumentId.Row(eventId), changes, change);
            }
        }

        return true;
    }

    // A mark that is there already would be no write: it would meet nobody who makes the row sent.
    private (bool Changes, Action Change) Follow(TableRow row) => (true, () => Table.Find(row.EventId)!.Followed++);

    private (bool Changes, Action Change) Wait(TableRow row) =>
        (row is { Parsed: OutboxStatus.Pending, IsWaiting: false }, () => Table.Find(row.EventId)!.IsWaiting = true);

    // What waits behind a released row is waited for by it.
    private bool Release(DocumentId id)
    {
        if (Table.Find((string)id.Key) is not { IsWaiting: true } row)
        {
            return false;
        }

        row.IsWaiting = false;
        row.Followed++;
        return true;
    }

    private bool Unfollow(DocumentId id)
    {
        if (Table.Find((string)id.Key) is not { } row)
        {
            return false;
        }

        row.Followed = 0;
        return true;
    }

    // The primary's: a secondary may not know yet of a row that holds its key back.
    private IEnumerable<TableRow> Rows() => Table.Rows;
}
