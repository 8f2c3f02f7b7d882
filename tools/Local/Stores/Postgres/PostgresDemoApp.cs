using Npgsql;
using NpgsqlTypes;
using Relaybox.Local.Demo;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>The app on PostgreSQL, with a table of its own in a schema of its own.</summary>
internal sealed class PostgresDemoApp(string connectionString, string schema, string outboxTable, string effectsTable) : IDemoApp
{
    private const string Orders = "demo.orders";

    private readonly NpgsqlDataSource _database = NpgsqlDataSource.Create(connectionString);
    private readonly string _outbox = $"\"{schema}\".\"{outboxTable}\"";
    private readonly string _effects = $"\"{schema}\".\"{effectsTable}\"";

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(
            $"""
            CREATE SCHEMA demo;
            CREATE TABLE {Orders} (
                order_id text PRIMARY KEY,
                customer text NOT NULL,
                total_cents integer NOT NULL,
                event_id text NOT NULL,
                committed_at timestamptz NOT NULL
            );
            """);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<bool> PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await _database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using (var insert = new NpgsqlCommand(
                $"INSERT INTO {Orders} (order_id, customer, total_cents, event_id, committed_at) VALUES ($1, $2, $3, $4, $5)",
                connection,
                transaction))
            {
                insert.Parameters.Add(new() { Value = order.OrderId });
                insert.Parameters.Add(new() { Value = order.Customer });
                insert.Parameters.Add(new() { Value = order.TotalCents });
                insert.Parameters.Add(new() { Value = order.EventId });
                insert.Parameters.Add(new() { Value = order.CommittedAt.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
                await insert.ExecuteNonQueryAsync(cancellationToken);
            }

            await using (var insert = new NpgsqlCommand(
                $"INSERT INTO {_outbox} (event_id, subject, payload, ordering_key) VALUES ($1, $2, $3, $4)", connection, transaction))
            {
                insert.Parameters.Add(new() { Value = order.EventId });
                insert.Parameters.Add(new() { Value = Order.Subject });
                insert.Parameters.Add(new() { Value = order.Payload });
                insert.Parameters.Add(new() { Value = (object?)order.OrderingKey ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
                await insert.ExecuteNonQueryAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    public Task<int> CountSentAsync(CancellationToken cancellationToken) =>
        CountAsync($"SELECT count(*) FROM {_outbox} WHERE status = 'sent'", cancellationToken);

    public Task<int> CountEffectsAsync(CancellationToken cancellationToken) =>
        CountAsync($"SELECT count(*) FROM {_effects}", cancellationToken);

    public Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadOrdersAsync(CancellationToken cancellationToken) =>
        ReadAsync($"SELECT event_id, committed_at FROM {Orders}", row => Time(row, 1), cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> ReadOutboxAsync(CancellationToken cancellationToken) =>
        ReadAsync($"SELECT event_id, status FROM {_outbox}", row => row.GetString(1), cancellationToken);

    public Task<IReadOnlyDictionary<string, Effect>> ReadEffectsAsync(CancellationToken cancellationToken) =>
        ReadAsync($"SELECT event_id, applied, applied_at FROM {_effects}", row => new Effect(row.GetInt32(1), Time(row, 2)), cancellationToken);

    public async Task<IReadOnlyDictionary<string, (string Key, long Place)>?> ReadPlacesAsync(CancellationToken cancellationToken) => await ReadAsync(
        $"SELECT event_id, ordering_key, row_id FROM {_outbox} WHERE ordering_key IS NOT NULL",
        row => (row.GetString(1), row.GetInt64(2)),
        cancellationToken);

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static DateTimeOffset Time(NpgsqlDataReader row, int column) => new(row.GetDateTime(column), TimeSpan.Zero);

    private async Task<int> CountAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(sql);
        return (int)(long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<IReadOnlyDictionary<string, T>> ReadAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var result = new Dictionary<string, T>();
        while (await rows.ReadAsync(cancellationToken))
        {
            result[rows.GetString(0)] = read(rows);
        }

        return result;
    }
}
