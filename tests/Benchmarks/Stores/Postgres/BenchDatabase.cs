using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Benchmarks.Stores.Sql;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.Postgres;
using Relaybox.Outbox;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>A real PostgreSQL server of its own, whose commits wait for the disk, and schemas on it.</summary>
internal sealed class BenchDatabase : SqlBenchDatabase, IAsyncDisposable
{
    private readonly PostgresCluster _cluster;
    private readonly PostgresProcess _process;

    private BenchDatabase(PostgresCluster cluster, PostgresProcess process)
    {
        _cluster = cluster;
        _process = process;
        DataSource = NpgsqlDataSource.Create(process.ConnectionString);
        Connections = new PostgresConnections(new PostgresConnectionOptions { Url = Url, KeepsSessions = true }, new NoSecrets());
    }

    public override NpgsqlDataSource DataSource { get; }

    public override string NewId => "gen_random_uuid()::text";

    public override string Now => "localtimestamp";

    public override string LongAgo => "now() - interval '30 days' - n * interval '1 millisecond'";

    /// <summary>Connections as a relay function has them.</summary>
    public PostgresConnections Connections { get; }

    /// <summary>The same as a URL.</summary>
    public string Url => $"postgres://{PostgresCluster.User}@127.0.0.1:{_process.Port}/postgres";

    /// <summary>A server as it comes, but for the size of its memory and how often it checkpoints: a round is shorter than either.</summary>
    public static Task<BenchDatabase> StartAsync(CancellationToken cancellationToken) => StartAsync("", cancellationToken);

    /// <summary>The same with more settings.</summary>
    /// <param name="settings">Lines of postgresql.conf.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<BenchDatabase> StartAsync(string settings, CancellationToken cancellationToken)
    {
        var cluster = await PostgresCluster.CreateAsync(password: null, cancellationToken);
        await File.AppendAllTextAsync(
            Path.Combine(cluster.Data, "postgresql.conf"),
            "\nshared_buffers = 1GB\nmax_wal_size = 8GB\ncheckpoint_timeout = 30min\nautovacuum_naptime = 5s\n" + settings,
            cancellationToken);
        return new BenchDatabase(cluster, await PostgresProcess.StartAsync(NetworkPorts.Free(1)[0], cluster, durable: true, cancellationToken));
    }

    /// <summary>A schema with all of Relaybox's tables.</summary>
    public async Task<PostgresOptions> MigrateAsync(string schema, AfterSending afterSending, CancellationToken cancellationToken)
    {
        var options = new PostgresOptions { Schema = schema, AfterSending = afterSending };
        var connections = new PostgresConnections(DataSource);
        await new PostgresMigrator(connections, options, NullLogger<PostgresMigrator>.Instance).MigrateAsync(cancellationToken);
        return options;
    }

    public override string Numbers(long count) => $"generate_series(1, {count}) AS numbers (n)";

    public override string Parameter(int number) => $"${number}";

    public override Task RefreshAsync(string table, CancellationToken cancellationToken) =>
        ExecuteAsync($"VACUUM (ANALYZE) {table}", cancellationToken);

    /// <summary>How many bytes of write-ahead log, and how many transactions that wrote something, some work takes.</summary>
    public async Task<(double WalBytes, double Commits)> CostOfAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        const string Wal = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::double precision";

        // Each transaction that writes takes a number; so does asking for it.
        const string Transactions = "SELECT pg_current_xact_id()::text::bigint";
        var transactions = await ScalarAsync<double>(Transactions, cancellationToken);
        var wal = await ScalarAsync<double>(Wal, cancellationToken);
        await work();
        var walAfter = await ScalarAsync<double>(Wal, cancellationToken);
        return (walAfter - wal, await ScalarAsync<double>(Transactions, cancellationToken) - transactions - 1);
    }

    public async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync();
        await DataSource.DisposeAsync();
        await _process.DisposeAsync();
        _cluster.Dispose();
    }
}
