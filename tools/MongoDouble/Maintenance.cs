using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble;

/// <summary>What happens by itself: transactions and cursors expire, TTL indexes delete, a primary that stepped down comes back.</summary>
internal sealed class Maintenance : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly DoubleServer _server;
    private readonly ITimer _timer;
    private long _lastTtlPass;

    public Maintenance(DoubleServer server)
    {
        _server = server;
        _lastTtlPass = server.Clock.GetTimestamp();
        _timer = server.Clock.CreateTimer(_ => Pass(), null, Interval, Interval);
    }

    public void Dispose() => _timer.Dispose();

    private void Pass()
    {
        if (!Monitor.TryEnter(_server.Store.Gate, Interval))
        {
            return;
        }

        try
        {
            _server.Sessions.Expire();
            _server.Cursors.Expire();
            _server.ReplicaSet.StepUp(atOnce: false);
            if (_server.ReplicaSet.IsPrimary && _server.Clock.GetElapsedTime(_lastTtlPass) >= _server.Options.TtlInterval)
            {
                _lastTtlPass = _server.Clock.GetTimestamp();
                DeleteExpired();
            }
        }
        finally
        {
            Monitor.Exit(_server.Store.Gate);
        }
    }

    private void DeleteExpired()
    {
        var now = _server.Clock.GetUtcNow().UtcDateTime;
        foreach (var collection in _server.Store.Collections.ToArray())
        {
            foreach (var index in collection.Indexes.Where(index => index.Definition.ExpireAfterSeconds is not null).ToArray())
            {
                var oldest = new BsonDateTime(now.AddSeconds(-index.Definition.ExpireAfterSeconds!.Value));
                var first = new BsonDateTime(long.MinValue);
                var ascending = index.Definition.Directions[0] > 0;
                var records = index.Range([ascending ? first : oldest], -1, [ascending ? oldest : first], 1, backwards: false)
                    .Select(entry => entry.Record!).Distinct().ToArray();
                foreach (var record in records)
                {
                    Delete(collection, index, record, oldest);
                }
            }
        }
    }

    // What an open transaction holds is left for the next pass.
    private void Delete(Collection collection, Indexes.CollectionIndex index, Record record, BsonDateTime oldest)
    {
        var transaction = _server.Store.Now();
        if (record.Holder is not null || record.Visible(transaction) is not { } document
            || !index.Keys(document).Any(key => key[0] is BsonDateTime date && date.CompareTo(oldest) <= 0))
        {
            return;
        }

        _server.Store.Write(transaction, collection, record, document, null, ChangeKind.Delete);
        _server.Store.Commit(transaction);
    }
}
