using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>A MongoDB server, and a database for each outbox and inbox. The clients are as the functions have them.</summary>
internal sealed class MongoBenchServer : IBenchServer
{
    private readonly MongoServer _server;
    private readonly MongoClient _client;
    private readonly MongoClient _counted;
    private readonly CommandMeter _meter = new();
    private readonly List<string> _databases = [];

    public MongoBenchServer(MongoServer server)
    {
        _server = server;
        _client = new MongoClient(Settings());
        var counted = Settings();
        counted.ClusterConfigurator = _meter.Attach;
        _counted = new MongoClient(counted);
    }

    public string Label => _server.IsDouble ? "MongoDB (development double)" : $"MongoDB ({_server.Description})";

    public async Task<BenchOutbox> CreateOutboxAsync(
        string name, AfterSending afterSending, bool isCounted, CancellationToken cancellationToken) =>
        await CreateAsync(name, new MongoOptions { AfterSending = afterSending }, isCounted, cancellationToken);

    public async Task<ISentHistory> CreateHistoryAsync(string name, int rows, CancellationToken cancellationToken)
    {
        var outbox = await CreateAsync(name, new MongoOptions(), isCounted: false, cancellationToken);
        await outbox.AddSentAsync(rows, cancellationToken);
        return new MongoSentHistory(outbox);
    }

    public async Task<IBenchInbox> CreateInboxAsync(string name, bool isCounted, CancellationToken cancellationToken)
    {
        var inbox = new MongoBenchInbox(Database(name, isCounted), new MongoOptions());
        await inbox.EmptyAsync(cancellationToken);
        return inbox;
    }

    public Task<IDrainLoop> CreateNaiveLoopAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IDrainLoop>(new MongoNaiveLoop(Database("naive", isCounted: false)));

    public async Task<IDrainLoop> CreateBareLoopAsync(CancellationToken cancellationToken) =>
        new MongoBareLoop(await CreateAsync("bare", new MongoOptions(), isCounted: false, cancellationToken), new RelayOptions().BatchSize);

    public async Task<IWakeLoop> CreateBareWakeLoopAsync(CancellationToken cancellationToken) =>
        new MongoBareWakeLoop(await CreateAsync("bare_wake", new MongoOptions(), isCounted: false, cancellationToken));

    public Task<IReadOnlyList<Cost>> CostOfAsync(Func<Task> work, CancellationToken cancellationToken) => _meter.CostOfAsync(work);

    public async ValueTask DisposeAsync()
    {
        if (!_server.IsOwn)
        {
            foreach (var database in _databases)
            {
                await _client.DropDatabaseAsync(database);
            }
        }

        _client.Dispose();
        _counted.Dispose();
        await _server.DisposeAsync();
    }

    private async Task<MongoBenchOutbox> CreateAsync(string name, MongoOptions options, bool isCounted, CancellationToken cancellationToken)
    {
        var outbox = new MongoBenchOutbox(name, Database(name, isCounted), options);
        await outbox.EmptyAsync(cancellationToken);
        return outbox;
    }

    private MongoClientSettings Settings() =>
        MongoConnectionText.FromUri(new MongoConnectionOptions { Uri = _server.ConnectionString, Database = "relaybox_bench" }).Settings;

    // On a server that was there before, the names must not meet anybody else's.
    private IMongoDatabase Database(string name, bool isCounted)
    {
        var unique = _server.IsOwn ? name : $"{name}_{Guid.NewGuid():N}";
        _databases.Add(unique);
        return (isCounted ? _counted : _client).GetDatabase(unique).WithWriteConcern(WriteConcern.WMajority).WithReadConcern(ReadConcern.Majority);
    }
}
