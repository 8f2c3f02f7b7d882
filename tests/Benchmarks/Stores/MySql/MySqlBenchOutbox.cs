using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Stores.Sql;
using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>An outbox of MariaDB.</summary>
internal sealed class MySqlBenchOutbox(MySqlBenchDatabase database, MySqlOptions options)
    : SqlBenchOutbox(database, options.Schema, $"`{options.Schema}`.`{options.OutboxTable}`")
{
    public static async Task<MySqlBenchOutbox> CreateAsync(
        MySqlBenchDatabase database, string schema, AfterSending afterSending, CancellationToken cancellationToken) =>
        new(database, await database.MigrateAsync(schema, afterSending, cancellationToken));

    public override IOutboxRepository Repository() =>
        new MySqlOutboxRepository(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    public override IOutboxSignal Signal() =>
        new MySqlOutboxSignal(database.Connections, options, TimeProvider.System, NullLogger<MySqlOutboxSignal>.Instance);
}
