namespace Relaybox.Benchmarks.Stores.Sql;

/// <summary>Sent rows of a table that is cleared before each round of what the round before has left.</summary>
/// <param name="database">The server.</param>
/// <param name="outbox">The outbox, with its history.</param>
/// <param name="last">The number of the history's last row.</param>
internal class SqlSentHistory(SqlBenchDatabase database, SqlBenchOutbox outbox, long last) : ISentHistory
{
    public BenchOutbox Outbox => outbox;

    public async Task AddAsync(long rows, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(Uncounted($"DELETE FROM {outbox.Table} WHERE row_id > {last}"), cancellationToken);
        await outbox.AddAsync(rows, cancellationToken);
        await database.RefreshAsync(outbox.Table, cancellationToken);
    }

    public virtual Task<long?> CountScansAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    /// <summary>The same statement, so that no scan of the whole table is counted for it.</summary>
    protected virtual string Uncounted(string sql) => sql;

    /// <summary>Fills an empty outbox with rows that were sent before.</summary>
    /// <returns>The number of the last of them.</returns>
    protected static async Task<long> FillAsync(SqlBenchDatabase database, SqlBenchOutbox outbox, int rows, CancellationToken cancellationToken)
    {
        await outbox.AddSentAsync(rows, cancellationToken);
        await database.RefreshAsync(outbox.Table, cancellationToken);
        return await database.ScalarAsync<long>($"SELECT max(row_id) FROM {outbox.Table}", cancellationToken);
    }
}
