using System.Data.Common;
using Relaybox.Inbox;

namespace Relaybox.Benchmarks.Stores.Sql;

/// <summary>An inbox in a schema of its own.</summary>
/// <param name="database">The server.</param>
/// <param name="table">The inbox as it stands in SQL.</param>
internal abstract class SqlBenchInbox(SqlBenchDatabase database, string table) : IBenchInbox
{
    public abstract IInboxRepository Repository { get; }

    public string Table => table;

    public Task EmptyAsync(CancellationToken cancellationToken) => database.ExecuteAsync($"TRUNCATE TABLE {table}", cancellationToken);

    public async Task HandleBareAsync(IReadOnlyList<InboxMessage[]> batches, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        foreach (var batch in batches)
        {
            var token = Guid.NewGuid().ToString("N");
            await ClaimAsync(connection, batch, token, cancellationToken);
            var marked = await MarkAsync(connection, batch, token, cancellationToken);
            if (marked != batch.Length)
            {
                throw new InvalidOperationException($"bare loop: {marked} of {batch.Length} messages were claimed and marked.");
            }
        }
    }

    /// <summary>Claims new messages in one statement.</summary>
    protected abstract Task ClaimAsync(DbConnection connection, InboxMessage[] batch, string token, CancellationToken cancellationToken);

    /// <summary>Marks claimed messages as processed in one statement, and says how many were.</summary>
    protected abstract Task<int> MarkAsync(DbConnection connection, InboxMessage[] batch, string token, CancellationToken cancellationToken);
}
