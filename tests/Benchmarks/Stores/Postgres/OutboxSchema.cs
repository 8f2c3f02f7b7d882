using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Stores.Sql;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>An outbox of PostgreSQL.</summary>
internal sealed class OutboxSchema(BenchDatabase database, PostgresOptions options)
    : SqlBenchOutbox(database, options.Schema, $"\"{options.Schema}\".\"{options.OutboxTable}\"")
{
    public PostgresOptions Options => options;

    public static async Task<OutboxSchema> CreateAsync(
        BenchDatabase database, string schema, AfterSending afterSending, CancellationToken cancellationToken) =>
        new(database, await database.MigrateAsync(schema, afterSending, cancellationToken));

    public override PostgresOutboxRepository Repository() =>
        new(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    public override IOutboxSignal Signal() => new PostgresOutboxSignal(
        database.Connections, options, new PostgresSignalOptions(), TimeProvider.System, NullLogger<PostgresOutboxSignal>.Instance);
}
