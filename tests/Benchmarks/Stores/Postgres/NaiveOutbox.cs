using Npgsql;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>
/// The loop that outboxes are often written as, to measure against: find 100 pending rows, mark them as publishing one by
/// one, publish, mark them as sent one by one; a text key of 255 characters, and an index on status over all rows.
/// </summary>
internal sealed class NaiveOutbox(BenchDatabase database, string schema) : IDrainLoop
{
    private const int Limit = 100;

    private string Table => $"{schema}.nats_outbox_events";

    public Task CreateAsync(CancellationToken cancellationToken) => database.ExecuteAsync(
        $"""
        CREATE SCHEMA {schema};
        CREATE TABLE {Table} (
            event_id varchar(255) PRIMARY KEY,
            subject varchar(500) NOT NULL,
            payload text NOT NULL,
            headers text,
            status varchar(50) NOT NULL DEFAULT 'pending',
            enqueued_at timestamp NOT NULL DEFAULT now(),
            sent_at timestamp,
            error_message text,
            created_at timestamp NOT NULL DEFAULT now(),
            updated_at timestamp NOT NULL DEFAULT now()
        );
        CREATE INDEX ON {Table} (status, enqueued_at);
        CREATE INDEX ON {Table} (sent_at) WHERE sent_at IS NOT NULL;
        """,
        cancellationToken);

    public Task FillAsync(long rows, CancellationToken cancellationToken) => database.ExecuteAsync(
        $"""
        TRUNCATE {Table};
        INSERT INTO {Table} (event_id, subject, payload)
        SELECT gen_random_uuid()::text, 'orders.placed', {BenchPayload.Sql} FROM generate_series(1, {rows});
        ANALYZE {Table};
        """,
        cancellationToken);

    public async Task DrainAsync(long rows, CancellationToken cancellationToken)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await using var find = new NpgsqlCommand(
            $"SELECT event_id, subject, payload, headers FROM {Table} WHERE status = 'pending' ORDER BY enqueued_at LIMIT {Limit}", connection);
        await using var markPublishing = Mark(connection, "status = 'publishing', updated_at = localtimestamp");
        await using var markSent = Mark(connection, "status = 'sent', sent_at = localtimestamp, updated_at = localtimestamp");
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

    private NpgsqlCommand Mark(NpgsqlConnection connection, string set) =>
        new($"UPDATE {Table} SET {set} WHERE event_id = $1", connection) { Parameters = { new NpgsqlParameter<string> { TypedValue = "" } } };

    private static Task ExecuteAsync(NpgsqlCommand command, string id, CancellationToken cancellationToken)
    {
        ((NpgsqlParameter<string>)command.Parameters[0]).TypedValue = id;
        return command.ExecuteNonQueryAsync(cancellationToken);
    }
}
