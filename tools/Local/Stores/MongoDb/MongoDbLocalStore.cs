namespace Relaybox.Local.Stores.MongoDb;

/// <summary>MongoDB: mongod where it is on the PATH, otherwise the development double.</summary>
internal sealed class MongoDbLocalStore : ILocalStore
{
    public string Name => "mongodb";

    public IReadOnlyList<string> Ports => ["MongoDB"];

    public StoreRun Create(IReadOnlyList<int> ports) => new MongoDbRun(ports[0]);
}
