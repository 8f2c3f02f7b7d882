using MongoDB.Bson;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Replication;

/// <summary>The replica set of one: its configuration, and whether this server is its primary now. Used under the store's gate.</summary>
internal sealed class ReplicaSet(DoubleServer server)
{
    private const string ConfigDatabase = "local";
    private const string ConfigCollection = "system.replset";

    private long? _steppedDownAt;
    private TimeSpan _downFor;

    /// <summary>Whether the server was started with <c>--replSet</c>.</summary>
    public bool IsEnabled => server.Options.ReplicaSet is not null;

    /// <summary>What <c>replSetInitiate</c> wrote; null: it has not been called.</summary>
    public BsonDocument? Config =>
        server.Store.Find(server.Store.Now(), ConfigDatabase, ConfigCollection) is { } collection
            ? collection.Scan(server.Store.Now()).Select(pair => pair.Document).FirstOrDefault()
            : null;

    /// <summary>Whether writes are accepted: a standalone always does.</summary>
    public bool IsPrimary => !IsEnabled || (_steppedDownAt is null && Config is not null);

    public bool IsSecondary => IsEnabled && _steppedDownAt is not null;

    /// <summary>How often the state has changed, as hello shows it.</summary>
    public long TopologyVersion { get; private set; }

    /// <summary>Which election made it primary.</summary>
    public int Term { get; private set; } = 1;

    public string Address => Config?["members"][0]["host"].AsString ?? $"{server.Options.BindAddress}:{server.Options.Port}";

    public void Initiate(BsonDocument config)
    {
        server.Store.Autocommit<object?>(new Deadline(server.Clock, null), transaction =>
        {
            var collection = server.Store.Ensure(transaction, ConfigDatabase, ConfigCollection);
            server.Store.Insert(transaction, collection, config);
            return null;
        });
        Changed();
    }

    /// <summary>Is no primary for a while.</summary>
    public void StepDown(TimeSpan duration)
    {
        (_steppedDownAt, _downFor) = (server.Clock.GetTimestamp(), duration);
        server.Sessions.AbortAll();
        Changed();
    }

    /// <summary>Ends a time as a secondary: by request (freeze 0), or when it is over.</summary>
    public void StepUp(bool atOnce)
    {
        if (_steppedDownAt is { } since && (atOnce || server.Clock.GetElapsedTime(since) >= _downFor))
        {
            _steppedDownAt = null;
            Term++;
            Changed();
        }
    }

    private void Changed()
    {
        TopologyVersion++;
        Monitor.PulseAll(server.Store.Gate);
    }
}
