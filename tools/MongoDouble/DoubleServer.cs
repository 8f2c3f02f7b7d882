using System.Collections.Concurrent;
using MongoDB.Bson;
using Relaybox.MongoDouble.Commands;
using Relaybox.MongoDouble.Replication;
using Relaybox.MongoDouble.Sessions;
using Relaybox.MongoDouble.Storage;
using Relaybox.MongoDouble.Streams;
using Relaybox.MongoDouble.Users;
using Relaybox.MongoDouble.Wire;

namespace Relaybox.MongoDouble;

/// <summary>The server's parts.</summary>
internal sealed class DoubleServer
{
    public const string Version = "7.0.0";
    public const int MaxWireVersion = 21;

    public DoubleServer(ServerOptions options, TimeProvider clock)
    {
        Options = options;
        Clock = clock;
        Store = new DataStore(clock, new ChangeLog(options.OplogMaxEvents, options.OplogMegabytes * 1024L * 1024));
        Sessions = new SessionRegistry(Store, options.TransactionLifetime);
        Cursors = new CursorRegistry(clock);
        ReplicaSet = new ReplicaSet(this);
        Store.MayWrite = () => ReplicaSet.IsPrimary;
        Users = new UserDirectory(Store);
        FailPoints = new FailPoints(clock);
        if (options.Folder is { } folder)
        {
            Store.Open(folder, options.OplogMaxEvents, Sessions.Restore);
        }
    }

    public ServerOptions Options { get; }

    public TimeProvider Clock { get; }

    public DataStore Store { get; }

    public SessionRegistry Sessions { get; }

    public CursorRegistry Cursors { get; }

    public ReplicaSet ReplicaSet { get; }

    public UserDirectory Users { get; }

    public FailPoints FailPoints { get; }

    public ObjectId ProcessId { get; } = ObjectId.GenerateNewId();

    public ConcurrentDictionary<int, WireConnection> Connections { get; } = new();
}
