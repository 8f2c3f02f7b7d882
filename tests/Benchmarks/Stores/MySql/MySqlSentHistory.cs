using Relaybox.Benchmarks.Stores.Sql;
using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>Sent rows of MariaDB.</summary>
internal sealed class MySqlSentHistory : SqlSentHistory
{
    private MySqlSentHistory(MySqlBenchDatabase database, MySqlBenchOutbox outbox, long last)
        : base(database, outbox, last)
    {
    }

    public static async Task<MySqlSentHistory> CreateAsync(
        MySqlBenchDatabase database, string schema, int rows, CancellationToken cancellationToken)
    {
        var outbox = await MySqlBenchOutbox.CreateAsync(database, schema, AfterSending.Keep, cancellationToken);
        return new MySqlSentHistory(database, outbox, await FillAsync(database, outbox, rows, cancellationToken));
    }
}
