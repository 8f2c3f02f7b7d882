namespace Relaybox.Simulation.Model;

/// <summary>
/// The model of a replica set: documents with versions, and transactions that see those of their beginning and meet each other at
/// their writes. What a statement does to a row or a record is the tables' business; this says who may write it, and when.
/// </summary>
/// <param name="outbox">The rows.</param>
/// <param name="inbox">The records, and the effects of handlers and apps.</param>
/// <param name="now">The primary's clock.</param>
/// <param name="report">Is told what happened.</param>
/// <param name="objectTo">Is told what no client may do.</param>
internal sealed class MongoServer(
    OutboxTable outbox, InboxTable inbox, Func<DateTimeOffset> now, Action<string>? report = null, Action<string>? objectTo = null)
{
    // For how long the server keeps a transaction of which it hears nothing, and how far a secondary is behind.
    private static readonly TimeSpan TransactionLifetime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(3);

    private readonly Dictionary<DocumentId, List<Version>> _versions = [];
    private readonly Dictionary<DocumentId, MongoTransaction> _holders = [];
    private readonly Dictionary<string, long> _counters = new(StringComparer.Ordinal);
    private readonly List<DocumentId> _unreplicated = [];
    private long _time;
    private int _term;

    internal OutboxTable Outbox { get; } = outbox;

    internal InboxTable Inbox { get; } = inbox;

    internal DateTimeOffset Now => now();

    /// <summary>The ids of the rows in the order of their inserts, as a change stream tells them.</summary>
    internal List<string> Inserted { get; } = [];

    /// <summary>Begins a transaction, which sees what is committed now.</summary>
    internal MongoTransaction Begin() => new(_time, _term, Now + TransactionLifetime);

    /// <summary>Whether an open transaction has written a document: others wait for its end.</summary>
    internal bool IsHeld(DocumentId id) => HolderOf(id) is not null;

    /// <summary>A row as a transaction sees it; null where it sees none.</summary>
    internal TableRow? RowAt(MongoTransaction transaction, string eventId) => (TableRow?)At(DocumentId.Row(eventId), transaction.Snapshot);

    /// <summary>A record as a transaction sees it.</summary>
    internal RecordState? RecordAt(MongoTransaction transaction, Relaybox.Inbox.InboxKey key) =>
        (RecordState?)At(DocumentId.Record(key), transaction.Snapshot);

    /// <summary>The last number of a key's counter, as a transaction sees it.</summary>
    internal long CounterAt(MongoTransaction transaction, string key) =>
        transaction.Numbers.TryGetValue(key, out var own) ? own : (long?)At(DocumentId.Counter(key), transaction.Snapshot) ?? 0;

    /// <summary>The last number of a key's counter, as everybody sees it.</summary>
    internal long Counter(string key) => _counters.GetValueOrDefault(key);

    internal void SetCounter(string key, long last) => _counters[key] = last;

    /// <summary>The rows of a secondary, which is behind.</summary>
    internal List<TableRow> RowsOfSecondary() =>
        [.. _versions.Where(document => document.Key.Collection == "outbox").Select(document => AsOf(document.Value)).OfType<TableRow>()];

    /// <summary>A statement outside of a transaction has been executed: what differs was written, and is there for everybody.</summary>
    /// <param name="id">The document that it may have written.</param>
    /// <param name="isMajority">Whether its answer waits until it is on a majority, so that no failover takes it back.</param>
    internal void Note(DocumentId id, bool isMajority = true)
    {
        var value = Read(id);
        var versions = _versions.TryGetValue(id, out var known) ? known : _versions[id] = [];
        if (Equals(versions.Count == 0 ? null : versions[^1].Value, value))
        {
            return;
        }

        if (versions.Count == 0 && id.Collection == "outbox")
        {
            Inserted.Add((string)id.Key);
        }

        versions.Add(new Version(++_time, Now, value));
        if (isMajority)
        {
            _unreplicated.Clear();
        }
        else
        {
            _unreplicated.Add(id);
        }
    }

    /// <summary>A statement in a transaction writes a document.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="id">The document.</param>
    /// <param name="changes">Whether it changes anything. A <c>$set</c> that does not is no write, and meets nobody.</param>
    /// <param name="change">The change; the commit makes it.</param>
    /// <exception cref="MongoFailure">Another transaction has written it since this one began. This one is aborted at once.</exception>
    internal void Write(MongoTransaction transaction, DocumentId id, bool changes, Action change)
    {
        Require(transaction);
        if (!changes)
        {
            report?.Invoke("writes that change nothing");
            return;
        }

        if ((HolderOf(id) is { } holder && holder != transaction) || LastTime(id) > transaction.Snapshot)
        {
            report?.Invoke("write conflicts");
            Abort(transaction);
            throw new MongoFailure(MongoFailure.WriteConflict, MongoFailure.TransientTransaction);
        }

        _holders[id] = transaction;
        transaction.Documents.Add(id);
        transaction.Changes.Add(change);
    }

    /// <summary>A statement in a transaction inserts a row.</summary>
    /// <exception cref="MongoFailure">The id is taken. The transaction is aborted.</exception>
    internal void Insert(MongoTransaction transaction, string eventId, Action insert)
    {
        Require(transaction);
        if (RowAt(transaction, eventId) is not null)
        {
            Refuse(transaction);
        }

        Write(transaction, DocumentId.Row(eventId), changes: true, insert);
    }

    /// <summary>A statement in a transaction breaks a unique index.</summary>
    internal void Refuse(MongoTransaction transaction)
    {
        Require(transaction);
        Abort(transaction);
        throw new MongoFailure(MongoFailure.DuplicateKey);
    }

    /// <exception cref="MongoFailure">The server knows no such transaction: it has ended.</exception>
    internal void Require(MongoTransaction transaction)
    {
        if (!IsOpen(transaction))
        {
            throw new MongoFailure(MongoFailure.NoSuchTransaction, MongoFailure.TransientTransaction);
        }
    }

    /// <summary>Commits. A commit that comes again is answered again, and does nothing.</summary>
    internal void Commit(MongoTransaction transaction, bool isMajority = true)
    {
        if (transaction.IsCommitted)
        {
            report?.Invoke("commits that came again");
            return;
        }

        Require(transaction);
        transaction.IsCommitted = transaction.HasEnded = true;
        foreach (var change in transaction.Changes)
        {
            change();
        }

        foreach (var id in transaction.Documents)
        {
            Note(id, isMajority);
        }
    }

    internal void Abort(MongoTransaction transaction) => transaction.HasEnded = true;

    /// <summary>Another member becomes the primary: open transactions are gone, and so is what was not on a majority.</summary>
    internal void FailOver()
    {
        report?.Invoke("failovers");
        _term++;
        foreach (var id in Enumerable.Reverse(_unreplicated))
        {
            var versions = _versions[id];
            versions.RemoveAt(versions.Count - 1);
            Restore(id, versions.Count == 0 ? null : versions[^1].Value);
        }

        _unreplicated.Clear();
    }

    /// <summary>A client has sent what no client may send.</summary>
    internal void ObjectTo(string what) => objectTo?.Invoke(what);

    private bool IsOpen(MongoTransaction transaction) =>
        !transaction.HasEnded && transaction.Term == _term && Now < transaction.Until;

    private MongoTransaction? HolderOf(DocumentId id) => _holders.TryGetValue(id, out var holder) && IsOpen(holder) ? holder : null;

    private long LastTime(DocumentId id) => _versions.TryGetValue(id, out var versions) && versions.Count > 0 ? versions[^1].Time : 0;

    private object? At(DocumentId id, long time) =>
        _versions.TryGetValue(id, out var versions) ? versions.FindLast(version => version.Time <= time)?.Value : null;

    private object? AsOf(List<Version> versions) => versions.FindLast(version => version.WrittenAt <= Now - Lag)?.Value;

    // A record's lease is a document of its own, as in the store: a renewal does not meet the handler's transaction.
    private object? Read(DocumentId id) => id.Collection switch
    {
        "outbox" => Outbox.Find((string)id.Key) is { } row ? row with { } : null,
        "inbox" => Inbox.Find((Relaybox.Inbox.InboxKey)id.Key) is { } record ? record with { LeaseUntil = null } : null,
        "keys" => _counters.TryGetValue((string)id.Key, out var last) ? last : null,
        _ => Inbox.Effects.TryGetValue((string)id.Key, out var count) ? count : null,
    };

    private void Restore(DocumentId id, object? value)
    {
        switch (id.Collection, value)
        {
            case ("outbox", TableRow row):
                Outbox.Put(row with { });
                break;
            case ("outbox", _):
                Outbox.Remove((string)id.Key);
                break;
            case ("inbox", RecordState record):
                Inbox.Put(record with { LeaseUntil = Now });
                break;
            case ("inbox", _):
                Inbox.Remove((Relaybox.Inbox.InboxKey)id.Key);
                break;
            case ("keys", _):
                _counters[(string)id.Key] = (long?)value ?? 0;
                break;
            default:
                Inbox.Effects[(string)id.Key] = (int?)value ?? 0;
                break;
        }
    }

    private sealed record Version(long Time, DateTimeOffset WrittenAt, object? Value);
}
