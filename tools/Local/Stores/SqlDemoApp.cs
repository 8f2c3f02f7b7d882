using System.Data.Common;
using System.Net.Sockets;
using Relaybox.Local.Demo;
using Relaybox.Sql;

namespace Relaybox.Local.Stores;

/// <summary>The app on an SQL store, with a table of its own beside the schema of the outbox.</summary>
/// <param name="database">Its connections.</param>
/// <param name="orders">Its table, as it stands in SQL.</param>
/// <param name="outbox">The outbox, as it stands in SQL.</param>
/// <param name="effects">The example handler's table, as it stands in SQL.</param>
internal abstract class SqlDemoApp(DbDataSource database, string orders, string outbox, string effects) : IDemoApp
{
    private const int MaxTries = 10;

    private const string SerializationFailure = "40001";
    private const string Deadlock = "40P01";

    /// <summary>The column that tells the place of a keyed row among the commits of its key.</summary>
    protected abstract string PlaceColumn { get; }

    /// <summary>Makes the app's table.</summary>
    protected abstract string CreateOrders { get; }

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(CreateOrders);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<bool> PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await PlaceOnceAsync(order, cancellationToken);
                return true;
            }
            catch (DbException exception) when (attempt < MaxTries && exception.SqlState is SerializationFailure or Deadlock)
            {
                // The server has rolled the transaction back, because it stood in another one's way: the whole one is run again.
            }
            catch (Exception exception) when (exception is DbException or IOException or SocketException)
            {
                // Not every driver wraps the end of a connection.
                return false;
            }
        }
    }

    public Task<int> CountSentAsync(CancellationToken cancellationToken) =>
        CountAsync($"SELECT count(*) FROM {outbox} WHERE status = 'sent'", cancellationToken);

    public Task<int> CountEffectsAsync(CancellationToken cancellationToken) => CountAsync($"SELECT count(*) FROM {effects}", cancellationToken);

    public Task<IReadOnlyDictionary<string, DateTimeOffset>> ReadOrdersAsync(CancellationToken cancellationToken) =>
        ReadAsync($"SELECT event_id, committed_at FROM {orders}", row => Columns.Time(row, 1)!.Value, cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> ReadOutboxAsync(CancellationToken cancellationToken) =>
        ReadAsync($"SELECT event_id, status FROM {outbox}", row => row.GetString(1), cancellationToken);

    public Task<IReadOnlyDictionary<string, Effect>> ReadEffectsAsync(CancellationToken cancellationToken) => ReadAsync(
        $"SELECT event_id, applied, applied_at FROM {effects}", row => new Effect(row.GetInt32(1), Columns.Time(row, 2)!.Value), cancellationToken);

    public async Task<IReadOnlyDictionary<string, (string Key, long Place)>?> ReadPlacesAsync(CancellationToken cancellationToken) => await ReadAsync(
        $"SELECT event_id, ordering_key, {PlaceColumn} FROM {outbox} WHERE ordering_key IS NOT NULL",
        row => (Columns.Text(row, 1)!, row.GetInt64(2)),
        cancellationToken);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private async Task PlaceOnceAsync(Order order, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await InsertAsync(
            transaction,
            orders,
            [
                ("order_id", order.OrderId), ("customer", order.Customer), ("total_cents", order.TotalCents), ("event_id", order.EventId),
                ("committed_at", order.CommittedAt.UtcDateTime),
            ],
            cancellationToken);
        await InsertAsync(
            transaction,
            outbox,
            [
                ("event_id", order.EventId), ("subject", order.EventSubject), ("payload", order.Payload),
                .. order.OrderingKey is { } key ? [("ordering_key", (object)key)] : Array.Empty<(string, object)>(),
            ],
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task InsertAsync(
        DbTransaction transaction, string table, (string Column, object Value)[] values, CancellationToken cancellationToken)
    {
        await using var insert = transaction.Connection!.CreateCommand();
        insert.Transaction = transaction;
        var columns = values.Select(value => value.Column).ToList();
        insert.CommandText = $"INSERT INTO {table} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(name => $"@{name}"))})";
        foreach (var (column, value) in values)
        {
            var parameter = insert.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (column, value);
            insert.Parameters.Add(parameter);
        }

        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<int> CountAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        return (int)(long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<IReadOnlyDictionary<string, T>> ReadAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var result = new Dictionary<string, T>();
        while (await rows.ReadAsync(cancellationToken))
        {
            result[Columns.Text(rows, 0)!] = read(rows);
        }

        return result;
    }
}
