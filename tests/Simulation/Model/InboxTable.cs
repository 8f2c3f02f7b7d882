using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;

namespace Relaybox.Simulation.Model;

/// <summary>The model of an inbox in a store, with the effects that handlers enlist: what one statement does, at once and whole.</summary>
/// <param name="outbox">Where emitted events go.</param>
/// <param name="watcher">Who is told.</param>
internal sealed class InboxTable(OutboxTable outbox, IInboxWatcher? watcher = null)
{
    private readonly SortedDictionary<InboxKey, RecordState> _records = new(KeyOrder.Instance);

    internal OutboxTable Outbox { get; } = outbox;

    internal IEnumerable<RecordState> Records => _records.Values;

    /// <summary>How often each effect has happened.</summary>
    internal Dictionary<string, int> Effects { get; } = new(StringComparer.Ordinal);

    internal RecordState? Find(InboxKey key) => _records.GetValueOrDefault(key);

    internal void Put(RecordState record) => _records[record.Key] = record;

    internal bool Remove(InboxKey key) => _records.Remove(key);

    internal InboxClaim Claim(
        string consumer, InboxMessage message, DateTimeOffset now, TimeSpan lease, int maxAttempts, string token)
    {
        var hash = Convert.ToHexString(message.PayloadHash.Span);
        var record = Find(message.KeyFor(consumer));
        if (record is not null)
        {
            if (record.Parsed == InboxStatus.Processing && record.Token == token)
            {
                return ToClaim(record);
            }

            if (record.Hash is not null && record.Hash != hash)
            {
                return new InboxClaim.Conflict();
            }

            if (record.Parsed == InboxStatus.Processed)
            {
                return new InboxClaim.AlreadyProcessed();
            }

            if (record.Parsed == InboxStatus.Processing && record.LeaseUntil > now)
            {
                return new InboxClaim.InProgress(record.LeaseUntil.Value);
            }

            if (record.Parsed == InboxStatus.Unknown)
            {
                return new InboxClaim.InProgress(now);
            }

            if (record.Deliveries >= maxAttempts || record.Unfinished >= InboxClaim.MaxUnfinished)
            {
                return new InboxClaim.Exhausted(record.Deliveries) { Unfinished = record.Unfinished };
            }
        }
        else
        {
            Put(record = new RecordState(message.KeyFor(consumer)) { ReceivedAt = now });
        }

        record.Status = InboxStatusText.Processing;
        record.Token = token;
        if (record.Unfinished == 0)
        {
            record.Deliveries++;
            record.Unfinished = 1;
            record.BegunToken = token;
        }

        record.Hash = hash;
        record.Subject = message.Event.Subject;
        record.ReceivedAt ??= now;
        record.LeaseUntil = now + lease;
        record.Stream = message.Stream ?? record.Stream;
        record.StreamSequence = message.StreamSequence ?? record.StreamSequence;
        watcher?.Claimed(record);
        return ToClaim(record);
    }

    /// <summary>Lets a claim hold for longer; where its attempt begins, it is counted once.</summary>
    internal bool Hold(InboxClaim.Claimed claim, DateTimeOffset now, TimeSpan lease, bool begins)
    {
        if (FindClaimed(claim) is not { } record)
        {
            return false;
        }

        record.LeaseUntil = now + lease;
        if (begins && record.BegunToken != claim.Token)
        {
            record.BegunToken = claim.Token;
            record.Unfinished++;
            record.Deliveries++;
        }

        return true;
    }

    /// <summary>Writes the mark, the effects and the emitted events, all or none.</summary>
    internal CommitOutcome Commit(
        InboxClaim.Claimed claim, IReadOnlyList<string> effects,
        IReadOnlyList<OutboxEvent> emitted, bool possible, DateTimeOffset now, bool dueAtOnce)
    {
        if (FindClaimed(claim) is not { } record)
        {
            return Find(claim.Key) is { Parsed: InboxStatus.Processed } done && done.Token == claim.Token
                ? CommitOutcome.Committed
                : CommitOutcome.ClaimLost;
        }

        if (!possible || emitted.Any(e => Outbox.Find(e.EventId) is { } taken && !taken.ToEvent().SaysTheSameAs(e)))
        {
            return CommitOutcome.EnlistedConditionFailed;
        }

        foreach (var effect in effects)
        {
            AddEffect(effect);
        }

        foreach (var e in emitted)
        {
            Outbox.FindOrCreate(e, now, dueAtOnce);
        }

        Complete(record, claim.Token, effects.Count, emitted, now);
        return CommitOutcome.Committed;
    }

    /// <summary>Makes a record processed, if the claim still holds.</summary>
    internal bool Complete(InboxClaim.Claimed claim, int effects, IReadOnlyList<OutboxEvent> emitted, DateTimeOffset now)
    {
        if (FindClaimed(claim) is not { } record)
        {
            return false;
        }

        Complete(record, claim.Token, effects, emitted, now);
        return true;
    }

    internal void AddEffect(string effect) => Effects[effect] = Effects.GetValueOrDefault(effect) + 1;

    internal bool IsHeld(InboxClaim.Claimed claim) => FindClaimed(claim) is not null;

    internal bool EndAttempt(InboxClaim.Claimed claim, int deliveries, string code, string message, DateTimeOffset now)
    {
        if (FindClaimed(claim) is not { } record)
        {
            return Find(claim.Key) is { Parsed: InboxStatus.Failed } ended && ended.Token == claim.Token;
        }

        record.Status = InboxStatusText.Failed;
        record.Deliveries = deliveries;
        record.Unfinished = claim.Unfinished;
        record.FailedAt = now;
        record.LeaseUntil = null;
        record.ErrorCode = code;
        record.ErrorMessage = ErrorText.Bound(message);
        watcher?.Failed(record, claim.Token);
        return true;
    }

    /// <summary>Lets a record whose last attempt failed begin with its first attempt again.</summary>
    internal bool GiveAttemptsBack(InboxKey key)
    {
        if (Find(key) is not { Parsed: InboxStatus.Failed } record)
        {
            return false;
        }

        watcher?.AttemptsGivenBack(record);
        record.Deliveries = record.Unfinished = 0;
        record.BegunToken = null;
        return true;
    }

    internal MaintenancePage Cleanup(DateTimeOffset now, TimeSpan processed, TimeSpan failed, string? cursor, int pageSize)
    {
        var affected = 0;
        var page = Page(cursor, pageSize);
        foreach (var record in page)
        {
            if ((record.Parsed == InboxStatus.Processed && record.ProcessedAt < now - processed)
                || (record.Parsed == InboxStatus.Failed && record.FailedAt < now - failed))
            {
                Remove(record.Key);
                watcher?.Deleted(record);
                affected++;
            }
        }

        return new MaintenancePage(affected, CursorAfter(page, pageSize));
    }

    internal MaintenancePage ResetStale(DateTimeOffset now, TimeSpan age, string? cursor, int pageSize)
    {
        var affected = 0;
        var page = Page(cursor, pageSize);
        foreach (var record in page)
        {
            if (record.Parsed == InboxStatus.Processing && !(record.LeaseUntil >= now - age))
            {
                record.Status = InboxStatusText.Failed;
                record.FailedAt = now;
                record.LeaseUntil = null;
                record.Token = null;
                record.ErrorCode = ErrorCodes.LeaseExpired;
                record.ErrorMessage = "The claim's lease ended without an outcome.";
                watcher?.Reset(record);
                affected++;
            }
        }

        return new MaintenancePage(affected, CursorAfter(page, pageSize));
    }

    internal IReadOnlyDictionary<string, long> CountByStatus() =>
        Records.CountBy(record => record.Status ?? "").ToDictionary(count => count.Key, count => (long)count.Value);

    private void Complete(RecordState record, string token, int effects, IReadOnlyList<OutboxEvent> emitted, DateTimeOffset now)
    {
        record.Status = InboxStatusText.Processed;
        record.ProcessedAt = now;
        record.LeaseUntil = record.FailedAt = null;
        record.ErrorCode = record.ErrorMessage = null;
        record.Emitted = EmittedEvents.ToText(emitted);
        watcher?.Processed(record, token, effects);
    }

    private RecordState? FindClaimed(InboxClaim.Claimed claim) =>
        Find(claim.Key) is { Parsed: InboxStatus.Processing } record && record.Token == claim.Token ? record : null;

    private static InboxClaim.Claimed ToClaim(RecordState record) =>
        new(record.Key, record.Token!, record.Deliveries + (record.BegunToken == record.Token ? 0 : 1))
        {
            Unfinished = record.BegunToken == record.Token ? record.Unfinished - 1 : record.Unfinished,
        };

    private List<RecordState> Page(string? cursor, int size)
    {
        var parts = cursor?.Split('\n');
        return [.. Records
            .Where(record => parts is null || KeyOrder.Instance.Compare(record.Key, new InboxKey(parts[1], parts[0], parts[2])) > 0)
            .Take(size)];
    }

    private static string? CursorAfter(List<RecordState> page, int size) =>
        page.Count == size ? $"{page[^1].Key.EventId}\n{page[^1].Key.Consumer}\n{page[^1].Key.ReplayId}" : null;

    private sealed class KeyOrder : IComparer<InboxKey>
    {
        internal static KeyOrder Instance { get; } = new();

        public int Compare(InboxKey x, InboxKey y)
        {
            var byEvent = string.CompareOrdinal(x.EventId, y.EventId);
            var byConsumer = byEvent != 0 ? byEvent : string.CompareOrdinal(x.Consumer, y.Consumer);
            return byConsumer != 0 ? byConsumer : string.CompareOrdinal(x.ReplayId, y.ReplayId);
        }
    }
}
