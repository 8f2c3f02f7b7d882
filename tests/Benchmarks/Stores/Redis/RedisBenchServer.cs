using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Redis;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Benchmarks.Stores.Redis;

/// <summary>A Redis server that answers when its append-only file is on the disk, and a database for each outbox and inbox.</summary>
internal sealed class RedisBenchServer : IBenchServer
{
    // The file would be written anew in the midst of a round, by a copy of the process.
    private static readonly string[] Arguments = ["--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"];

    private readonly RedisServer _server;
    private readonly IServer _administration;
    private readonly CommandStatistics _statistics;
    private readonly List<RedisBenchDatabase> _databases = [];

    private RedisBenchServer(RedisServer server)
    {
        _server = server;
        _administration = server.Multiplexer.GetServers()[0];
        _statistics = new CommandStatistics(_administration);
    }

    public string Label => $"Redis {_administration.Version}";

    public static async Task<RedisBenchServer> StartAsync() => new(await RedisServer.StartAsync(Arguments));

    public async Task<BenchOutbox> CreateOutboxAsync(string name, AfterSending afterSending, bool isCounted, CancellationToken cancellationToken) =>
        await CreateAsync(new RedisOptions { KeyPrefix = name, AfterSending = afterSending }, cancellationToken);

    public async Task<ISentHistory> CreateHistoryAsync(string name, int rows, CancellationToken cancellationToken) =>
        await RedisSentHistory.CreateAsync(
            await CreateAsync(new RedisOptions { KeyPrefix = name }, cancellationToken), rows, cancellationToken);

    public async Task<IBenchInbox> CreateInboxAsync(string name, bool isCounted, CancellationToken cancellationToken)
    {
        var inbox = new RedisBenchInbox(await ConnectAsync(), new RedisOptions { KeyPrefix = name });
        await inbox.EmptyAsync(cancellationToken);
        return inbox;
    }

    public async Task<IDrainLoop> CreateNaiveLoopAsync(CancellationToken cancellationToken) => new RedisNaiveLoop(await ConnectAsync());

    public async Task<IDrainLoop> CreateBareLoopAsync(CancellationToken cancellationToken) =>
        new RedisBareLoop(await CreateAsync(new RedisOptions { KeyPrefix = "bare" }, cancellationToken), new RelayOptions().BatchSize);

    public async Task<IWakeLoop> CreateBareWakeLoopAsync(CancellationToken cancellationToken) =>
        new RedisBareWakeLoop(await CreateAsync(new RedisOptions { KeyPrefix = "bare_wake" }, cancellationToken));

    public Task<IReadOnlyList<Cost>> CostOfAsync(Func<Task> work, CancellationToken cancellationToken) => _statistics.CostOfAsync(work);

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    private async Task<RedisBenchOutbox> CreateAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        var outbox = new RedisBenchOutbox(await ConnectAsync(), options);
        await outbox.FillAsync(0, cancellationToken);
        return outbox;
    }

    private async Task<RedisBenchDatabase> ConnectAsync()
    {
        var database = await RedisBenchDatabase.ConnectAsync(_server.Address, _databases.Count);
        _databases.Add(database);
        return database;
    }
}
