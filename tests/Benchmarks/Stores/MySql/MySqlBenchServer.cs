using System.Globalization;
using MySqlConnector;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>A MariaDB server whose commits wait for the disk. It counts by itself, whatever works on it.</summary>
internal sealed class MySqlBenchServer(MySqlBenchDatabase database, string version) : IBenchServer
{
    internal const string Statements = "statements";
    internal const string Commits = "commits";
    internal const string Redo = "redo log";

    // A commit is one of a transaction that wrote something. The statements that read the figures are counted, too.
    private const string Counters =
        """
        SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Innodb_lsn_current');
        SELECT 'commits', COUNT FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rw_commits'
        """;

    private const int OwnStatements = 2;

    public string Label => $"MariaDB {version}";

    public static async Task<MySqlBenchServer> StartAsync(CancellationToken cancellationToken)
    {
        var database = await MySqlBenchDatabase.StartAsync(cancellationToken);
        var version = await database.ScalarAsync<string>("SELECT SUBSTRING_INDEX(VERSION(), '-', 1)", cancellationToken);
        return new MySqlBenchServer(database, version);
    }

    public async Task<BenchOutbox> CreateOutboxAsync(string name, AfterSending afterSending, bool isCounted, CancellationToken cancellationToken)
    {
        var outbox = await MySqlBenchOutbox.CreateAsync(database, name, afterSending, cancellationToken);
        await PrepareAsync(outbox.Table, isCounted, cancellationToken);
        return outbox;
    }

    public async Task<ISentHistory> CreateHistoryAsync(string name, int rows, CancellationToken cancellationToken) =>
        await MySqlSentHistory.CreateAsync(database, name, rows, cancellationToken);

    public async Task<IBenchInbox> CreateInboxAsync(string name, bool isCounted, CancellationToken cancellationToken)
    {
        var inbox = new MySqlBenchInbox(database, await database.MigrateAsync(name, AfterSending.Keep, cancellationToken));
        await PrepareAsync(inbox.Table, isCounted, cancellationToken);
        return inbox;
    }

    public async Task<IDrainLoop> CreateNaiveLoopAsync(CancellationToken cancellationToken)
    {
        var naive = new MySqlNaiveLoop(database, "naive");
        await naive.CreateAsync(cancellationToken);
        return naive;
    }

    public async Task<IDrainLoop> CreateBareLoopAsync(CancellationToken cancellationToken) => new MySqlBareLoop(
        database,
        await MySqlBenchOutbox.CreateAsync(database, "bare", AfterSending.Keep, cancellationToken),
        new RelayOptions().BatchSize);

    public async Task<IWakeLoop> CreateBareWakeLoopAsync(CancellationToken cancellationToken) => new MySqlBareWakeLoop(
        database, await MySqlBenchOutbox.CreateAsync(database, "bare_wake", AfterSending.Keep, cancellationToken));

    public async Task<IReadOnlyList<Cost>> CostOfAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);

        // A session that is opened is set by statements of its own.
        await using (await database.Connections.OpenConnectionAsync(cancellationToken))
        {
        }

        var before = await ReadAsync(connection, cancellationToken);
        await work();
        var after = await ReadAsync(connection, cancellationToken);
        return
        [
            new Cost(Statements, after["Questions"] - before["Questions"] - OwnStatements, IsOfRows: false),
            new Cost(Commits, after["commits"] - before["commits"], IsOfRows: false),
            new Cost(Redo, after["Innodb_lsn_current"] - before["Innodb_lsn_current"], IsOfRows: true),
        ];
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    // Statistics that the server renews by itself would be counted as commits of the work.
    private Task PrepareAsync(string table, bool isCounted, CancellationToken cancellationToken) =>
        isCounted ? database.ExecuteAsync($"ALTER TABLE {table} STATS_AUTO_RECALC = 0", cancellationToken) : Task.CompletedTask;

    private static async Task<Dictionary<string, double>> ReadAsync(MySqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(Counters, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var values = new Dictionary<string, double>();
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                values.Add(reader.GetString(0), Convert.ToDouble(reader.GetValue(1), CultureInfo.InvariantCulture));
            }
        }
        while (await reader.NextResultAsync(cancellationToken));

        return values;
    }
}
