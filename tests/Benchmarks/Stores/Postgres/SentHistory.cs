using Relaybox.Benchmarks.Stores.Sql;
using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>Sent rows of PostgreSQL, which counts how often it reads a whole table.</summary>
internal sealed class SentHistory : SqlSentHistory
{
    private readonly BenchDatabase _database;
    private readonly OutboxSchema _schema;
    private readonly long _scans;

    private SentHistory(BenchDatabase database, OutboxSchema schema, long last, long scans)
        : base(database, schema, last) => (_database, _schema, _scans) = (database, schema, scans);

    public static async Task<SentHistory> CreateAsync(BenchDatabase database, string schema, int rows, CancellationToken cancellationToken)
    {
        var outbox = await OutboxSchema.CreateAsync(database, schema, AfterSending.Keep, cancellationToken);
        var last = await FillAsync(database, outbox, rows, cancellationToken);
        return new SentHistory(database, outbox, last, await CountScansAsync(database, outbox, cancellationToken));
    }

    public override async Task<long?> CountScansAsync(CancellationToken cancellationToken) =>
        await CountScansAsync(_database, _schema, cancellationToken) - _scans;

    protected override string Uncounted(string sql) => $"SET enable_seqscan = off; {sql}";

    // What the sessions have counted reaches the view when they are idle.
    private static Task<long> CountScansAsync(BenchDatabase database, OutboxSchema schema, CancellationToken cancellationToken) =>
        database.ScalarAsync<long>($"SELECT seq_scan FROM pg_stat_user_tables WHERE relid = '{schema.Table}'::regclass", cancellationToken);
}
