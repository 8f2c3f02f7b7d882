using MongoDB.Bson;
using Relaybox.MongoDouble.Streams;

namespace Relaybox.MongoDouble.Storage;

/// <summary>
/// All collections. One lock (<see cref="Gate"/>) guards everything here: a command holds it while it executes, and releases it
/// while it waits. Commits have one order, that of their timestamps.
/// </summary>
internal sealed partial class DataStore(TimeProvider clock, ChangeLog log)
{
    private readonly Dictionary<string, Collection> _collections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StorageTransaction> _creating = new(StringComparer.Ordinal);
    private readonly HashSet<StorageTransaction> _open = [];
    private readonly Queue<(ulong Commit, Collection Collection, Record Record)> _outdated = [];
    private Journal? _journal;

    public object Gate { get; } = new();

    public TimeProvider Clock => clock;

    public ChangeLog Log => log;

    /// <summary>Whether the server is still the primary, asked after a wait.</summary>
    public Func<bool> MayWrite { get; set; } = () => true;

    /// <summary>The timestamp of the last commit.</summary>
    public ulong LastCommit { get; private set; } = 1UL << 32;

    public IEnumerable<Collection> Collections => _collections.Values;

    public IEnumerable<StorageTransaction> OpenTransactions => _open;

    /// <summary>A client's transaction, with the last commit as its snapshot.</summary>
    public StorageTransaction Begin()
    {
        var transaction = new StorageTransaction(LastCommit);
        _open.Add(transaction);
        return transaction;
    }

    /// <summary>A view of the last commit, for as long as the gate is held.</summary>
    public StorageTransaction Now() => new(LastCommit);

    /// <summary>Executes a single write: begins again after a conflict, when the holder has ended.</summary>
    /// <exception cref="ServerException">The write is refused, or the time is over.</exception>
    public T Autocommit<T>(Deadline deadline, Func<StorageTransaction, T> body, Func<T, SessionMark?>? mark = null)
    {
        lock (Gate)
        {
            while (true)
            {
                var transaction = Now();
                try
                {
                    var result = body(transaction);
                    Commit(transaction, mark?.Invoke(result));
                    return result;
                }
                catch (WriteConflictException conflict)
                {
                    Abort(transaction);
                    if (conflict.Holder is { } holder)
                    {
                        WaitUntil(() => holder.HasEnded, deadline);
                        RequireWritable();
                    }
                }
                catch
                {
                    Abort(transaction);
                    throw;
                }
            }
        }
    }

    /// <summary>Releases the gate until the condition holds; whatever ends or commits wakes it.</summary>
    /// <exception cref="ServerException">The time is over.</exception>
    public void WaitUntil(Func<bool> condition, Deadline deadline)
    {
        while (!condition())
        {
            Monitor.Wait(Gate, deadline.NextWait());
        }
    }

    /// <summary>Makes everything that the transaction wrote visible at once.</summary>
    public Commit? Commit(StorageTransaction transaction, SessionMark? session = null)
    {
        Commit? commit = null;
        if (transaction.HasWritten)
        {
            commit = new Commit(NextTimestamp(), clock.GetUtcNow().UtcDateTime, [.. transaction.Changes], session);
            _journal?.Append(commit);
            LastCommit = commit.Timestamp;
            foreach (var (key, created) in transaction.Created)
            {
                created.CreatedAt = commit.Timestamp;
                _collections.Add(key, created);
            }
        }

        _open.Remove(transaction);
        foreach (var (collection, record) in transaction.Held)
        {
            collection.Count += (record.Pending is null ? 0 : 1) - (record.Newest?.Document is null ? 0 : 1);
            record.Newest = new DocumentVersion(commit!.Timestamp, record.Pending, record.Newest);
            (record.Holder, record.Pending) = (null, null);
            _outdated.Enqueue((commit.Timestamp, collection, record));
        }

        End(transaction);
        if (commit is { Changes.Count: > 0 })
        {
            log.Append(commit);
        }

        return commit;
    }

    /// <summary>Forgets everything that the transaction wrote.</summary>
    public void Abort(StorageTransaction transaction)
    {
        if (transaction.HasEnded)
        {
            return;
        }

        _open.Remove(transaction);
        while (transaction.Undo.TryPop(out var undo))
        {
            undo();
        }

        foreach (var (collection, record) in transaction.Held)
        {
            if (record.Pending is { } pending)
            {
                collection.Leave(record, pending);
            }

            (record.Holder, record.Pending) = (null, null);
            if (record.Newest is null)
            {
                collection.Records.Remove(record.Id);
            }
        }

        End(transaction);
    }

    private void End(StorageTransaction transaction)
    {
        foreach (var name in transaction.Created.Keys)
        {
            _creating.Remove(name);
        }

        transaction.HasEnded = true;
        Prune();
        Monitor.PulseAll(Gate);
    }

    private void RequireWritable()
    {
        if (!MayWrite())
        {
            throw new ServerException(11602, "InterruptedDueToReplStateChange", "operation was interrupted");
        }
    }

    // Forgets versions that no open transaction can see.
    private void Prune()
    {
        var oldest = _open.Count == 0 ? LastCommit : _open.Min(transaction => transaction.Snapshot);
        while (_outdated.TryPeek(out var next) && next.Commit <= oldest)
        {
            _outdated.Dequeue();
            Prune(next.Collection, next.Record, oldest);
        }
    }

    private static void Prune(Collection collection, Record record, ulong oldest)
    {
        var kept = record.Newest;
        while (kept is not null && kept.Commit > oldest)
        {
            kept = kept.Older;
        }

        if (kept is null)
        {
            return;
        }

        for (var version = kept.Older; version is not null; version = version.Older)
        {
            if (version.Document is not null)
            {
                collection.Leave(record, version.Document);
            }
        }

        kept.Older = null;
        if (kept.Document is null && ReferenceEquals(kept, record.Newest) && record.Holder is null)
        {
            collection.Records.Remove(record.Id);
        }
    }

    private ulong NextTimestamp() => Math.Max(LastCommit + 1, ((ulong)clock.GetUtcNow().ToUnixTimeSeconds() << 32) | 1);
}
