using Npgsql;
using Relaybox.Local.Stores.Postgres;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>PostgreSQL and NATS JetStream.</summary>
internal sealed class PostgresExampleStack : ExampleStack
{
    private readonly NpgsqlDataSource _database;
    private readonly string _schema;

    private PostgresExampleStack(Started started)
        : base(started)
    {
        _database = NpgsqlDataSource.Create(((PostgresRun)Servers.Store).ConnectionString);
        _schema = Environment["DATABASE_SCHEMA"];
    }

    public static async Task<ExampleStack> StartAsync() => new PostgresExampleStack(await StartAsync("postgres", "nats"));

    public override Task<Effect?> FindEffectAsync(string eventId) => ReadAsync(
        $"SELECT applied, order_id, applied_at FROM {_schema}.effects WHERE event_id = $1",
        eventId,
        row => new Effect(row.GetInt32(0), row.GetString(1), new DateTimeOffset(row.GetDateTime(2), TimeSpan.Zero)));

    public override async Task<bool> HasOrderAsync(string orderId) =>
        await ReadAsync("SELECT order_id FROM orders WHERE order_id = $1", orderId, row => row.GetString(0)) is not null;

    public override async Task<long> CountEventsAsync()
    {
        await using var command = _database.CreateCommand($"SELECT count(*) FROM {_schema}.outbox");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Reads an outbox row's times and headers.</summary>
    public async Task<SentRow> SentRowAsync(string eventId) => (await ReadAsync(
        $"SELECT row_id, ordering_key, available_at, headers, available_at - enqueued_at FROM {_schema}.outbox WHERE event_id = $1",
        eventId,
        row => new SentRow(
            row.GetInt64(0),
            row.IsDBNull(1) ? null : row.GetString(1),
            new DateTimeOffset(row.GetDateTime(2), TimeSpan.Zero),
            row.IsDBNull(3) ? null : row.GetString(3),
            row.GetTimeSpan(4))))!;

    public override async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await base.DisposeAsync();
    }

    private async Task<T?> ReadAsync<T>(string sql, string id, Func<NpgsqlDataReader, T> read)
        where T : class
    {
        await using var command = _database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = id });
        await using var rows = await command.ExecuteReaderAsync();
        return await rows.ReadAsync() ? read(rows) : null;
    }

    /// <summary>An outbox row as the relay has numbered it.</summary>
    internal sealed record SentRow(long RowId, string? OrderingKey, DateTimeOffset AvailableAt, string? Headers, TimeSpan Delay);
}
