using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>A PostgreSQL server whose commits wait for the disk. It counts by itself, whatever works on it.</summary>
internal sealed class PostgresBenchServer(BenchDatabase database) : IBenchServer
{
    internal const string Commits = "commits";
    internal const string Wal = "write-ahead log";

    public string Label => "PostgreSQL";

    public async Task<BenchOutbox> CreateOutboxAsync(string name, AfterSending afterSending, bool isCounted, CancellationToken cancellationToken) =>
        await OutboxSchema.CreateAsync(database, name, afterSending, cancellationToken);

    public async Task<ISentHistory> CreateHistoryAsync(string name, int rows, CancellationToken cancellationToken) =>
        await SentHistory.CreateAsync(database, name, rows, cancellationToken);

    public async Task<IBenchInbox> CreateInboxAsync(string name, bool isCounted, CancellationToken cancellationToken) =>
        new InboxSchema(database, await database.MigrateAsync(name, AfterSending.Keep, cancellationToken));

    public async Task<IDrainLoop> CreateNaiveLoopAsync(CancellationToken cancellationToken)
    {
        var naive = new NaiveOutbox(database, "naive");
        await naive.CreateAsync(cancellationToken);
        return naive;
    }

    public async Task<IDrainLoop> CreateBareLoopAsync(CancellationToken cancellationToken) => new BareLoop(
        database,
        await OutboxSchema.CreateAsync(database, "bare", AfterSending.Keep, cancellationToken),
        new RelayOptions().BatchSize);

    public async Task<IWakeLoop> CreateBareWakeLoopAsync(CancellationToken cancellationToken)
    {
        var loop = new ListenLoop(database, "bare_listen");
        await loop.CreateAsync(cancellationToken);
        return loop;
    }

    public async Task<IReadOnlyList<Cost>> CostOfAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        var (wal, commits) = await database.CostOfAsync(work, cancellationToken);
        return [new Cost(Commits, commits, IsOfRows: false), new Cost(Wal, wal, IsOfRows: true)];
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
