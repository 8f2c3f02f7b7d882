using Microsoft.Extensions.Logging.Abstractions;
using MySqlConnector;
using Relaybox.Benchmarks.Stores.Sql;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.MySql;
using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>A real MariaDB server of its own, whose commits wait for the disk, and schemas on it.</summary>
internal sealed class MySqlBenchDatabase : SqlBenchDatabase, IAsyncDisposable
{
    // As the server comes, but for the size of its memory and how often it checkpoints: a round is shorter than either. The product sets
    // the isolation level of its sessions itself; the loops beside it have the same. The last line counts commits.
    private static readonly string[] Options =
    [
        "innodb_buffer_pool_size = 1G", "innodb_log_file_size = 4G", "transaction_isolation = READ-COMMITTED",
        "innodb_monitor_enable = trx_rw_commits",
    ];

    private readonly MariaDbFiles _files;
    private readonly MariaDbProcess _process;

    private MySqlBenchDatabase(MariaDbFiles files, MariaDbProcess process)
    {
        _files = files;
        _process = process;
        DataSource = new MySqlDataSource(process.ConnectionString);
        Connections = new MySqlConnections(new SqlConnectionOptions { Url = process.ConnectionString }, new NoSecrets());
    }

    public override MySqlDataSource DataSource { get; }

    /// <summary>Connections as a relay function has them.</summary>
    public MySqlConnections Connections { get; }

    // The server's own ids begin with the time.
    public override string NewId => "MD5(UUID())";

    public override string Now => "UTC_TIMESTAMP(6)";

    public override string LongAgo => "UTC_TIMESTAMP(6) - INTERVAL 30 DAY - INTERVAL n * 1000 MICROSECOND";

    public static async Task<MySqlBenchDatabase> StartAsync(CancellationToken cancellationToken)
    {
        var files = await MariaDbFiles.CreateAsync(password: null, cancellationToken);
        await File.AppendAllLinesAsync(files.OptionsFile, Options, cancellationToken);
        return new MySqlBenchDatabase(files, await MariaDbProcess.StartAsync(NetworkPorts.Free(1)[0], files, durable: true, cancellationToken));
    }

    public override string Numbers(long count) => $"(SELECT seq AS n FROM mysql.seq_1_to_{count}) numbers";

    public override string Parameter(int number) => "?";

    // The first statement waits until the server has cleared away what nobody can read any more.
    public override async Task RefreshAsync(string table, CancellationToken cancellationToken)
    {
        await ExecuteAsync("SET GLOBAL innodb_max_purge_lag_wait = 0", cancellationToken);
        await ExecuteAsync($"ANALYZE TABLE {table}", cancellationToken);
    }

    /// <summary>A schema with all of Relaybox's tables.</summary>
    public async Task<MySqlOptions> MigrateAsync(string schema, AfterSending afterSending, CancellationToken cancellationToken)
    {
        var options = new MySqlOptions { Schema = schema, AfterSending = afterSending };
        await ExecuteAsync($"CREATE DATABASE IF NOT EXISTS `{schema}`", cancellationToken);
        await new MySqlMigrator(Connections, options, NullLogger<MySqlMigrator>.Instance).MigrateAsync(cancellationToken);
        return options;
    }

    public async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync();
        await DataSource.DisposeAsync();
        await _process.DisposeAsync();
        _files.Dispose();
    }
}
