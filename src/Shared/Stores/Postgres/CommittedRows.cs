using Npgsql;

namespace Relaybox.Stores.Postgres;

/// <summary>Reads what a statement that stands alone has answered.</summary>
internal static class CommittedRows
{
    /// <summary>Executes a statement and gives its rows once the server has said that it is done.</summary>
    /// <remarks>
    /// A statement outside a transaction answers its rows before it commits, and a server that is stopped in between still
    /// sends the rows that it had ready: they alone do not say that anything happened.
    /// </remarks>
    /// <exception cref="NpgsqlException">The statement failed, or its end was not heard; it may have been committed.</exception>
    internal static async Task<List<T>> ReadCommittedAsync<T>(
        this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
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
}
