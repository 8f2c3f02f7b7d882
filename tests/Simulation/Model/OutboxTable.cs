using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Paging;

namespace Relaybox.Simulation.Model;

/// <summary>
/// The model of an outbox in a store: what one statement does, at once and whole. With order it is PostgreSQL's; without, it
/// is DynamoDB's, where rows without a due time are the stream's.
/// </summary>
internal sealed partial class OutboxTable(bool keepsOrder, IOutboxWatcher? watcher = null)
{
    private readonly SortedDictionary<long, TableRow> _rows = [];
    private readonly Dictionary<string, TableRow> _byId = new(StringComparer.Ordinal);
    private long _rowIds;
    private int _claims;

    internal bool KeepsOrder { get; } = keepsOrder;

    internal IEnumerable<TableRow> Rows => _rows.Values;

    /// <summary>Takes the next row number, as a transaction does before it commits.</summary>
    internal long NextRowId() => ++_rowIds;

    internal TableRow? Find(string eventId) => _byId.GetValueOrDefault(eventId);

    internal void Put(TableRow row)
    {
        if (_byId.Remove(row.EventId, out var old))
        {
            _rows.Remove(old.RowId);
        }

        _byId.Add(row.EventId, row);
        _rows.Add(row.RowId, row);
    }

    internal bool Remove(string eventId) => _byId.Remove(eventId, out var row) && _rows.Remove(row.RowId);

    internal FoundOrCreated FindOrCreate(OutboxEvent e, DateTimeOffset now, bool dueAtOnce, long? rowId = null, long place = 0)
    {
        if (Find(e.EventId) is { } found)
        {
            return found.ToEvent().SaysTheSameAs(e)
                ? new FoundOrCreated(found.ToRow(), Created: false)
                : throw new EventIdConflictException(e.EventId);
        }

        var row = new TableRow(e.EventId, rowId ?? NextRowId())
        {
            Status = OutboxStatusText.Pending,
            Subject = e.Subject,
            Payload = e.Payload,
            Headers = e.Headers,
            OrderingKey = e.OrderingKey,
            EnqueuedAt = e.EnqueuedAt ?? now,
            AvailableAt = e.AvailableAt,
            Result = e.Result,
            Place = place,
            DueAt = dueAtOnce || e.AvailableAt > now ? e.AvailableAt ?? now : null,
        };
        Put(row);
        watcher?.Inserted(row);
        return new FoundOrCreated(row.ToRow(), Created: true);
    }

    /// <summary>The ids of rows that are due, those due longest first.</summary>
    internal List<string> Due(int limit, DateTimeOffset now) =>
        [.. Rows.Where(row => IsDue(row, now)).OrderBy(row => row.DueAt).Take(limit).Select(row => row.EventId)];

    /// <summary>Claims due rows.</summary>
    internal List<TableRow> Claim(ClaimLimit limit, DateTimeOffset now, TimeSpan lease, string token)
    {
        var chosen = Choose(limit, now);
        foreach (var row in chosen)
        {
            Take(row, now, lease, token);
        }

        return chosen;
    }

    /// <summary>Locks due rows. Leases that have ended are ended first, and stay so.</summary>
    internal RowLock Lock(ClaimLimit limit, DateTimeOffset now, TimeSpan longest)
    {
        var locked = new RowLock(now + longest);
        locked.Rows.AddRange(Choose(limit, now));
        foreach (var row in locked.Rows)
        {
            if (row.Parsed == OutboxStatus.Publishing)
            {
                EndLease(row, now);
            }

            row.Lock = locked;
            watcher?.Locked(row);
        }

        return locked;
    }

    /// <summary>Makes locked rows sent.</summary>
    /// <returns>False where the store has let them go already.</returns>
    internal bool Commit(RowLock locked, DateTimeOffset now)
    {
        if (!locked.IsOpen(now))
        {
            return false;
        }

        foreach (var row in locked.Rows)
        {
            Send(row, now, ClaimToken.None);
        }

        locked.End();
        return true;
    }

    /// <summary>Whether an earlier row of its key stands in its way.</summary>
    internal bool Waits(TableRow row) => BlockersOf(row).Any();

    private IEnumerable<TableRow> BlockersOf(TableRow row) =>
        KeepsOrder ? Rows.Where(other => other.Blocks && other.OrderingKey == row.OrderingKey && other.Place < row.Place) : [];

    /// <summary>Whether somebody has locked one of these.</summary>
    internal bool IsLocked(IEnumerable<string> eventIds, DateTimeOffset now) => eventIds.Any(id => Find(id)?.Lock?.IsOpen(now) == true);

    // With order, of each key its first unsent rows without a gap.
    private List<TableRow> Choose(ClaimLimit limit, DateTimeOffset now)
    {
        var due = Rows.Where(row => IsDue(row, now) && !(KeepsOrder && row.OrderingKey is not null)).OrderBy(row => row.DueAt).ToList();
        List<(TableRow Row, int Place)> chosen = [];
        if (KeepsOrder)
        {
            // Now the ones and now the others get the odd row.
            var room = limit.Rows - Math.Min(due.Count, (limit.Rows + (_claims++ % 2)) / 2);
            List<List<TableRow>> keys = [.. Rows.Where(row => row.Blocks)
                .GroupBy(row => row.OrderingKey!)
                .OrderBy(key => key.Key, StringComparer.Ordinal)
                .Select(key => key.TakeWhile(row => IsDue(row, now)).ToList())
                .Where(key => key.Count > 0)];
            var ofAKey = Math.Max(1, room / Math.Max(1, keys.Count));
            chosen.AddRange(keys.SelectMany(key => key.Take(ofAKey).Select((row, place) => (row, place)))
                .OrderBy(entry => entry.place).Take(room));
        }

        chosen.AddRange(due.Take(limit.Rows - chosen.Count).Select((row, place) => (row, place)));
        return Fitting(limit, chosen.OrderBy(entry => entry.Place).ThenByDescending(entry => entry.Row.Unfinished).Select(entry => entry.Row));
    }

    /// <summary>Of rows in an order, those that fit into a claim, and always the first.</summary>
    internal static List<TableRow> Fitting(ClaimLimit limit, IEnumerable<TableRow> rows)
    {
        var cost = 0.0;
        return [.. rows.TakeWhile((row, i) => ClaimLimit.Fits(cost += limit.CostOf(row.Bytes, row.Unfinished)) || i == 0)];
    }

    /// <summary>Claims one row.</summary>
    /// <param name="eventId">Its id.</param>
    /// <param name="now">The clock that decides.</param>
    /// <param name="lease">How long the claim holds.</param>
    /// <param name="token">Its token.</param>
    /// <param name="onlyIfDue">Whether a pending row whose time has not come is refused.</param>
    internal TableRow? ClaimOne(string eventId, DateTimeOffset now, TimeSpan lease, string token, bool onlyIfDue)
    {
        if (Find(eventId) is not { } row)
        {
            return null;
        }

        // The caller's own claim, whose answer was lost.
        if (row.Parsed == OutboxStatus.Publishing && row.Token == token)
        {
            return row;
        }

        var free = IsDue(row, now) || (!onlyIfDue && row.Parsed == OutboxStatus.Pending);
        if (!free || Waits(row))
        {
            return null;
        }

        Take(row, now, lease, token);
        return row;
    }

    internal bool MarkSent(OutboxMark mark, DateTimeOffset now)
    {
        if (FindClaimed(mark.EventId, mark.Token) is not { } row)
        {
            return Find(mark.EventId) is { Parsed: OutboxStatus.Sent } sent && (mark.Token.IsNone || sent.Token == mark.Token.Value);
        }

        Send(row, now, mark.Token);
        return true;
    }

    internal bool Retry(RetryMark mark, DateTimeOffset now)
    {
        if (FindClaimed(mark.EventId, mark.Token) is not { } row)
        {
            return Find(mark.EventId) is { Parsed: OutboxStatus.Pending } pending && pending.ReleasedToken is { } released
                && released == mark.Token.Value && pending.Attempts == mark.Attempts;
        }

        row.Status = OutboxStatusText.Pending;
        row.Attempts = mark.Attempts;
        row.Unfinished = 0;
        row.DueAt = now + mark.Delay;
        row.ReleasedToken = mark.Token.Value;
        row.Token = null;
        row.ClaimedAt = null;
        if (mark.ErrorCode is not null)
        {
            row.ErrorCode = mark.ErrorCode;
            row.ErrorMessage = Bound(mark.ErrorMessage);
        }

        watcher?.Marked(row, OutboxStatus.Pending, mark.Token);
        return true;
    }

    internal bool Park(ParkMark mark, DateTimeOffset now)
    {
        if (FindClaimed(mark.EventId, mark.Token) is not { } row)
        {
            return Find(mark.EventId) is { Parsed: OutboxStatus.Failed } parked && parked.ReleasedToken is { } released
                && released == mark.Token.Value;
        }

        row.Status = OutboxStatusText.Failed;
        row.Attempts = mark.Attempts;
        row.Unfinished = 0;
        row.FailedAt = now;
        row.DueAt = now;
        row.ReleasedToken = mark.Token.Value;
        row.Token = null;
        row.ClaimedAt = row.SkippedAt = null;
        row.ErrorCode = mark.ErrorCode;
        row.ErrorMessage = Bound(mark.ErrorMessage);
        watcher?.Marked(row, OutboxStatus.Failed, mark.Token);
        return true;
    }

    /// <summary>A worker is told what it has claimed.</summary>
    internal void Answer(IReadOnlyList<TableRow> rows, string token) => watcher?.Answered(rows, token);

    /// <summary>Ends a claim that is of no use to its holder, as if it had not been.</summary>
    internal bool GiveBack(string eventId, string token, DateTimeOffset now)
    {
        if (FindClaimed(eventId, new ClaimToken(token)) is not { } row)
        {
            return false;
        }

        row.Status = OutboxStatusText.Pending;
        row.Token = null;
        row.ClaimedAt = null;
        row.Unfinished--;
        row.DueAt = now;
        watcher?.GivenBack(row, token);
        return true;
    }

    /// <summary>Lets the later rows of a parked row's key go on without it.</summary>
    internal bool Skip(string eventId, DateTimeOffset now)
    {
        if (Find(eventId) is not { SkippedAt: null, Parsed: OutboxStatus.Failed or OutboxStatus.Unknown } row)
        {
            return false;
        }

        row.SkippedAt = now;
        return true;
    }

    internal IReadOnlyList<OutboxRow> FindPending(int limit) =>
        [.. Rows.Where(row => row.Parsed == OutboxStatus.Pending).OrderBy(row => row.EnqueuedAt).Take(limit).Select(row => row.ToRow())];

    internal IReadOnlyDictionary<string, long> CountByStatus() =>
        Rows.CountBy(row => row.Status ?? "").ToDictionary(count => count.Key, count => (long)count.Value);

    internal TimeSpan OldestDueAge(DateTimeOffset now) => Rows
        .Where(row => row.DueAt <= now && row.Parsed is OutboxStatus.Pending or OutboxStatus.Publishing && !Waits(row))
        .Select(row => now - row.DueAt!.Value).DefaultIfEmpty().Max();

    internal MaintenancePage Cleanup(DateTimeOffset now, TimeSpan sent, TimeSpan? failed, string? cursor, int pageSize)
    {
        var affected = 0;
        var page = Page(cursor, pageSize);
        foreach (var row in page)
        {
            if ((row.Parsed == OutboxStatus.Sent && row.SentAt < now - sent)
                || (row.Parsed == OutboxStatus.Failed && row.FailedAt < now - failed && !(KeepsOrder && row.Blocks)))
            {
                Remove(row.EventId);
                watcher?.Deleted(row);
                affected++;
            }
        }

        return new MaintenancePage(affected, CursorAfter(page));
    }

    internal MaintenancePage ResetStale(DateTimeOffset now, TimeSpan age, string? cursor, int pageSize)
    {
        var affected = 0;
        var page = Page(cursor, pageSize);
        foreach (var row in page)
        {
            if (row.Parsed == OutboxStatus.Publishing && row.DueAt <= now - age)
            {
                EndLease(row, now);
                affected++;
            }
        }

        return new MaintenancePage(affected, CursorAfter(page));
    }

    internal ReconcilePage Reconcile(DateTimeOffset now, TimeSpan age, string? cursor, int pageSize)
    {
        var recovered = 0;
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var page = Page(cursor, pageSize);
        foreach (var row in page)
        {
            counts[row.Status ?? ""] = counts.GetValueOrDefault(row.Status ?? "") + 1;
            if (row.DueAt is null && row.Parsed is OutboxStatus.Pending or OutboxStatus.Publishing && !(row.EnqueuedAt > now - age))
            {
                var due = row.EnqueuedAt is null ? now + age : now;
                row.DueAt = row.AvailableAt > due ? row.AvailableAt : due;
                recovered++;
            }
        }

        return new ReconcilePage(recovered, counts, CursorAfter(page));
    }

    internal static bool IsDue(TableRow row, DateTimeOffset now) =>
        row.Parsed is OutboxStatus.Pending or OutboxStatus.Publishing && row.DueAt <= now
        && !row.IsWaiting
        && row.Lock?.IsOpen(now) != true;

    private void EndLease(TableRow row, DateTimeOffset now)
    {
        row.Status = OutboxStatusText.Pending;
        row.Token = null;
        row.ClaimedAt = null;
        row.DueAt = now;
        watcher?.Reset(row);
    }

    private void Send(TableRow row, DateTimeOffset now, ClaimToken token)
    {
        row.Status = OutboxStatusText.Sent;
        row.SentAt = now;
        row.Unfinished = 0;
        row.DueAt = row.ClaimedAt = null;
        row.ErrorCode = row.ErrorMessage = null;
        watcher?.Marked(row, OutboxStatus.Sent, token);
    }

    /// <summary>Claims a row, whatever its state.</summary>
    internal void Take(TableRow row, DateTimeOffset now, TimeSpan lease, string token)
    {
        row.Status = OutboxStatusText.Publishing;
        row.Token = token;
        row.ClaimedAt = now;
        row.Unfinished++;
        row.IsWaiting = false;
        row.DueAt = now + lease;
        watcher?.Claimed(row);
    }

    /// <summary>A row that a mark holds on: a claimed one changes under its token alone, one that nobody has claimed under none.</summary>
    internal TableRow? FindClaimed(string eventId, ClaimToken token) => Find(eventId) is { } row
        && (token.Value is { } value
            ? row.Parsed == OutboxStatus.Publishing && row.Token == value
            : row.Parsed == OutboxStatus.Pending && row.Token is null)
        ? row
        : null;

    private List<TableRow> Page(string? cursor, int size)
    {
        var after = cursor is null ? 0 : long.Parse(cursor, System.Globalization.CultureInfo.InvariantCulture);
        return [.. Rows.Where(row => row.RowId > after).Take(size)];
    }

    private string? CursorAfter(List<TableRow> page) => page.Count > 0 && page[^1].RowId < _rows.Keys.LastOrDefault()
        ? page[^1].RowId.ToString(System.Globalization.CultureInfo.InvariantCulture)
        : null;

    private static string? Bound(string? text) => Diagnostics.ErrorText.Bound(text);
}
