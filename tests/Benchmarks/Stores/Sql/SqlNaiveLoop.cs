using System.Data.Common;

namespace Relaybox.Benchmarks.Stores.Sql;

/// <summary>
/// The loop that outboxes are often written as, to measure against: find 100 pending rows, mark them as publishing one by
/// one, publish, mark them as sent one by one; a text key of 255 characters, and an index on status over all rows.
/// </summary>
/// <param name="database">The server.</param>
/// <param name="schema">The schema of its table.</param>
internal abstract class SqlNaiveLoop(SqlBenchDatabase database, string schema) : IDrainLoop
{
    private const int Limit = 100;

    protected string Schema => schema;

    protected string Table => $"{schema}.nats_outbox_events";

    /// <summary>Makes the schema with its table.</summary>
    public abstract Task CreateAsync(CancellationToken cancellationToken);

    public async Task FillAsync(long rows, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE TABLE {Table}", cancellationToken);
        await database.ExecuteAsync(
            $"""
            INSERT INTO {Table} (event_id, subject, payload)
            SELECT {database.NewId}, 'orders.placed', {BenchPayload.Sql} FROM {database.Numbers(rows)}
            """,
            cancellationToken);
        await database.RefreshAsync(Table, cancellationToken);
    }

    public async Task DrainAsync(long rows, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var find = connection.CreateCommand();
        find.CommandText = $"SELECT event_id, subject, payload, headers FROM {Table} WHERE status = 'pending' ORDER BY enqueued_at LIMIT {Limit}";
        await using var markPublishing = Mark(connection, $"status = 'publishing', updated_at = {database.Now}");
        await using var markSent = Mark(connection, $"status = 'sent', sent_at = {database.Now}, updated_at = {database.Now}");
        long sent = 0;
        while (true)
        {
            var ids = new List<string>(Limit);
            await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    ids.Add(reader.GetString(0));
                    _ = reader.GetString(1);
                    _ = reader.GetString(2);
                }
            }

            if (ids.Count == 0)
            {
                break;
            }

            foreach (var id in ids)
            {
                await ExecuteAsync(markPublishing, id, cancellationToken);
                await ExecuteAsync(markSent, id, cancellationToken);
                sent++;
            }
        }

        if (sent != rows)
        {
            throw new InvalidOperationException($"naive: {sent} of {rows} rows were sent.");
        }
    }

    private DbCommand Mark(DbConnection connection, string set)
    {
        var command = connection.CreateCommand();
        command.CommandText = $"UPDATE {Table} SET {set} WHERE event_id = {database.Parameter(1)}";
        command.Parameters.Add(command.CreateParameter());
        return command;
    }

    private static Task ExecuteAsync(DbCommand command, string id, CancellationToken cancellationToken)
    {
        command.Parameters[0].Value = id;
        return command.ExecuteNonQueryAsync(cancellationToken);
    }
}
