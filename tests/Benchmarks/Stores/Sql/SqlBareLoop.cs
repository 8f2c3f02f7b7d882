using System.Data.Common;

namespace Relaybox.Benchmarks.Stores.Sql;

/// <summary>Claims and marks by the driver alone, with nothing around it: what a relay on this table could reach at best.</summary>
/// <param name="database">The server.</param>
/// <param name="outbox">The outbox, of the product.</param>
internal abstract class SqlBareLoop(SqlBenchDatabase database, SqlBenchOutbox outbox) : IDrainLoop
{
    public Task FillAsync(long rows, CancellationToken cancellationToken) => outbox.FillAsync(rows, cancellationToken);

    public async Task DrainAsync(long rows, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        long sent = 0;
        while (true)
        {
            var token = Guid.NewGuid().ToString("N");
            var ids = await ClaimAsync(connection, token, cancellationToken);
            if (ids.Count == 0)
            {
                break;
            }

            sent += await MarkAsync(connection, ids, token, cancellationToken);
        }

        if (sent != rows)
        {
            throw new InvalidOperationException($"bare loop: {sent} of {rows} rows were marked.");
        }
    }

    /// <summary>Claims rows, and reads them.</summary>
    /// <returns>Their numbers; none where nothing is due.</returns>
    protected abstract Task<List<long>> ClaimAsync(DbConnection connection, string token, CancellationToken cancellationToken);

    /// <summary>Marks claimed rows as sent, and says how many were.</summary>
    protected abstract Task<int> MarkAsync(DbConnection connection, List<long> ids, string token, CancellationToken cancellationToken);
}
