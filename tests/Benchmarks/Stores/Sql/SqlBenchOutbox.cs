using System.Data.Common;

namespace Relaybox.Benchmarks.Stores.Sql;

/// <summary>An outbox in a schema of its own.</summary>
/// <param name="database">The server.</param>
/// <param name="schema">The schema's name.</param>
/// <param name="table">The outbox as it stands in SQL.</param>
internal abstract class SqlBenchOutbox(SqlBenchDatabase database, string schema, string table) : BenchOutbox(schema)
{
    // A transaction holds each of its keys.
    private const int RowsOfATransaction = 1_000;

    public string Table => table;

    public override async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE TABLE {table}", cancellationToken);
        await AddAsync(rows, cancellationToken);
        await database.RefreshAsync(table, cancellationToken);
    }

    public async Task AddAsync(long rows, CancellationToken cancellationToken)
    {
        if (rows > 0)
        {
            await database.ExecuteAsync(
                $"""
                INSERT INTO {table} (event_id, subject, payload)
                SELECT {database.NewId}, 'orders.placed', {BenchPayload.Sql} FROM {database.Numbers(rows)}
                """,
                cancellationToken);
        }
    }

    public override async Task AddKeyedAsync(long rows, int keys, string prefix, TimeSpan dueIn, CancellationToken cancellationToken)
    {
        for (var from = 0L; from < rows; from += RowsOfATransaction)
        {
            await database.ExecuteAsync(
                $"""
                INSERT INTO {table} (event_id, subject, payload, ordering_key, available_at)
                SELECT {database.NewId}, 'orders.placed', {BenchPayload.Sql}, CONCAT('{prefix}', MOD({from} + n, {keys})),
                    {database.Now} + INTERVAL '{dueIn.TotalSeconds:0}' SECOND
                FROM {database.Numbers(Math.Min(RowsOfATransaction, rows - from))}
                """,
                cancellationToken);
        }
    }

    /// <summary>Adds rows that were sent 30 days ago and before.</summary>
    public Task AddSentAsync(long rows, CancellationToken cancellationToken) => database.ExecuteAsync(
        $"""
        INSERT INTO {table} (event_id, subject, payload, status, enqueued_at, available_at, sent_at)
        SELECT {database.NewId}, 'orders.placed', {BenchPayload.Sql}, 'sent', at, at, at
        FROM (SELECT {database.LongAgo} AS at FROM {database.Numbers(rows)}) sent
        """,
        cancellationToken);

    public override async Task WriteAsync(string eventId, CancellationToken cancellationToken)
    {
        await using var insert = database.DataSource.CreateCommand(
            $"INSERT INTO {table} (event_id, subject, payload) VALUES ({database.Parameter(1)}, 'orders.placed', {database.Parameter(2)})");
        Add(insert, eventId);
        Add(insert, BenchPayload.Text);
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void Add(DbCommand command, string value)
    {
        var parameter = command.CreateParameter();
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }
}
