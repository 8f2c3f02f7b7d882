using MySqlConnector;
using Relaybox.Local.Stores.MySql;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>MariaDB and SQS.</summary>
internal sealed class MySqlExampleStack : ExampleStack
{
    private readonly MySqlDataSource _database;
    private readonly string _schema;

    private MySqlExampleStack(Started started)
        : base(started)
    {
        _database = new MySqlDataSource(((MySqlRun)Servers.Store).ConnectionString);
        _schema = Environment["DATABASE_SCHEMA"];
    }

    public static async Task<ExampleStack> StartAsync() => new MySqlExampleStack(await StartAsync("mysql", "sqs"));

    public override Task<Effect?> FindEffectAsync(string eventId) => ReadAsync(
        $"SELECT applied, order_id, applied_at FROM {_schema}.effects WHERE event_id = @id",
        eventId,
        row => new Effect(row.GetInt32(0), row.GetString(1), Time(row, 2)));

    public override async Task<bool> HasOrderAsync(string orderId) =>
        await ReadAsync($"SELECT order_id FROM {MySqlRun.Database}.orders WHERE order_id = @id", orderId, row => row.GetString(0)) is not null;

    public override async Task<long> CountEventsAsync()
    {
        await using var connection = await _database.OpenConnectionAsync();
        await using var command = new MySqlCommand($"SELECT COUNT(*) FROM {_schema}.outbox", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Reads an outbox row's key, place, times and headers.</summary>
    public async Task<SentRow> SentRowAsync(string eventId) => (await ReadAsync(
        $"""
        SELECT CONVERT(ordering_key USING utf8mb4), key_number, available_at, headers, TIMESTAMPDIFF(MICROSECOND, enqueued_at, available_at)
        FROM {_schema}.outbox WHERE event_id = @id
        """,
        eventId,
        row => new SentRow(
            row.IsDBNull(0) ? null : row.GetString(0),
            row.IsDBNull(1) ? null : row.GetInt64(1),
            Time(row, 2),
            row.IsDBNull(3) ? null : row.GetString(3),
            TimeSpan.FromMicroseconds(row.GetInt64(4)))))!;

    public override async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await base.DisposeAsync();
    }

    private async Task<T?> ReadAsync<T>(string sql, string id, Func<MySqlDataReader, T> read)
        where T : class
    {
        await using var connection = await _database.OpenConnectionAsync();
        await using var command = new MySqlCommand(sql, connection);
        command.Parameters.AddWithValue("@id", id);
        await using var rows = await command.ExecuteReaderAsync();
        return await rows.ReadAsync() ? read(rows) : null;
    }

    private static DateTimeOffset Time(MySqlDataReader row, int i) => new(row.GetDateTime(i), TimeSpan.Zero);

    /// <summary>An outbox row as the trigger has numbered it.</summary>
    internal sealed record SentRow(string? OrderingKey, long? Number, DateTimeOffset AvailableAt, string? Headers, TimeSpan Delay);
}
