using Relaybox.Outbox;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>Sent rows of PostgreSQL, in a table that is vacuumed before each round.</summary>
internal sealed class SentHistory : ISentHistory
{
    private readonly BenchDatabase _database;
    private readonly long _last;
    private readonly long _scans;

    private SentHistory(BenchDatabase database, OutboxSchema schema, long last, long scans)
    {
        _database = database;
        Schema = schema;
        _last = last;
        _scans = scans;
    }

    public OutboxSchema Schema { get; }

    BenchOutbox ISentHistory.Outbox => Schema;

    public static async Task<SentHistory> CreateAsync(BenchDatabase database, string schema, int rows, CancellationToken cancellationToken)
    {
        var outbox = await OutboxSchema.CreateAsync(database, schema, AfterSending.Keep, cancellationToken);
        await outbox.AddSentAsync(rows, cancellationToken);
        await database.ExecuteAsync($"VACUUM (ANALYZE) {outbox.Table}", cancellationToken);
        return new SentHistory(
            database,
            outbox,
            await database.ScalarAsync<long>($"SELECT max(row_id) FROM {outbox.Table}", cancellationToken),
            await CountScansAsync(database, outbox, cancellationToken));
    }

    public async Task AddAsync(long rows, CancellationToken cancellationToken)
    {
        await _database.ExecuteAsync($"SET enable_seqscan = off; DELETE FROM {Schema.Table} WHERE row_id > {_last}", cancellationToken);
        await Schema.AddAsync(rows, cancellationToken);
        await _database.ExecuteAsync($"VACUUM (ANALYZE) {Schema.Table}", cancellationToken);
    }

    public async Task<long?> CountScansAsync(CancellationToken cancellationToken) =>
        await CountScansAsync(_database, Schema, cancellationToken) - _scans;

    // What the sessions have counted reaches the view when they are idle.
    private static Task<long> CountScansAsync(BenchDatabase database, OutboxSchema schema, CancellationToken cancellationToken) =>
        database.ScalarAsync<long>($"SELECT seq_scan FROM pg_stat_user_tables WHERE relid = '{schema.Table}'::regclass", cancellationToken);
}
