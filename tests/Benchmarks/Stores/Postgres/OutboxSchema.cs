using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>An outbox in a schema of its own.</summary>
internal sealed class OutboxSchema(BenchDatabase database, PostgresOptions options) : BenchOutbox(options.Schema)
{
    public PostgresOptions Options => options;

    public string Table => $"\"{options.Schema}\".\"{options.OutboxTable}\"";

    public static async Task<OutboxSchema> CreateAsync(
        BenchDatabase database, string schema, AfterSending afterSending, CancellationToken cancellationToken) =>
        new(database, await database.MigrateAsync(schema, afterSending, cancellationToken));

    public override PostgresOutboxRepository Repository() =>
        new(database.Connections, options, TimeProvider.System, SystemEntropy.Instance);

    public override IOutboxSignal Signal() => new PostgresOutboxSignal(
        database.Connections, options, new PostgresSignalOptions(), TimeProvider.System, NullLogger<PostgresOutboxSignal>.Instance);

    public override async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE {Table}", cancellationToken);
        await AddAsync(rows, cancellationToken);
        await database.ExecuteAsync($"VACUUM (ANALYZE) {Table}", cancellationToken);
    }

    public Task AddAsync(long rows, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            $"""
            INSERT INTO {Table} (event_id, subject, payload)
            SELECT gen_random_uuid()::text, 'orders.placed', {BenchPayload.Sql} FROM generate_series(1, {rows})
            """,
            cancellationToken);

    /// <summary>Adds rows that were sent 30 days ago and before.</summary>
    public Task AddSentAsync(long rows, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            $"""
            INSERT INTO {Table} (event_id, subject, payload, status, enqueued_at, available_at, sent_at)
            SELECT gen_random_uuid()::text, 'orders.placed', {BenchPayload.Sql}, 'sent', at, at, at
            FROM (SELECT now() - interval '30 days' - n * interval '1 millisecond' AS at FROM generate_series(1, {rows}) n) sent
            """,
            cancellationToken);

    public override async Task WriteAsync(string eventId, CancellationToken cancellationToken)
    {
        await using var insert = database.DataSource.CreateCommand(
            $"INSERT INTO {Table} (event_id, subject, payload) VALUES ($1, 'orders.placed', $2)");
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = eventId });
        insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = BenchPayload.Text });
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }
}
