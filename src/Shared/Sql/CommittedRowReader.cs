using System.Data.Common;

namespace Relaybox.Sql;

/// <summary>Reads what a statement that stands alone has answered.</summary>
internal static class CommittedRowReader
{
    /// <summary>Executes a statement and gives its rows once the server has said that it is done.</summary>
    /// <remarks>
    /// A statement outside a transaction answers its rows before it commits, and a server that is stopped in between still
    /// sends the rows that it had ready: they alone do not say that anything happened.
    /// </remarks>
    /// <exception cref="DbException">The statement failed, or its end was not heard; it may have been committed.</exception>
    internal static async Task<List<T>> ReadCommittedAsync<T>(
        this DbCommand command, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(read(reader));
            }
        }
        while (await reader.NextResultAsync(cancellationToken));

        return rows;
    }

    /// <summary>Executes statements as one transaction, and gives the rows of the last one once the server has said that it is done.</summary>
    /// <exception cref="DbException">A statement failed, and none has had an effect, or their end was not heard.</exception>
    internal static async Task<List<T>> ReadCommittedAsync<T>(
        this DbBatch batch, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var last = batch.BatchCommands.Count - 1;
        for (var i = 0; i <= last; i++)
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (i == last)
                {
                    rows.Add(read(reader));
                }
            }

            await reader.NextResultAsync(cancellationToken);
        }

        return rows;
    }
}
