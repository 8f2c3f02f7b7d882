using MySqlConnector;
using Relaybox.MySql;

namespace PlaceOrder;

/// <summary>Orders in MySQL or MariaDB.</summary>
internal sealed class MySqlOrders : IOrders
{
    private readonly MySqlDataSource _database = new(ConnectionString(
        Environment.GetEnvironmentVariable("DATABASE_URL")
        ?? throw new InvalidOperationException("DATABASE_URL is not set. Run: source .relaybox/env")));

    private readonly MySqlOptions _options = new()
    {
        Schema = Environment.GetEnvironmentVariable("DATABASE_SCHEMA") ?? "relaybox",
        OutboxTable = Environment.GetEnvironmentVariable("OUTBOX_TABLE") ?? "outbox",
    };

    /// <inheritdoc />
    public async Task PlaceAsync(Order order, string eventId, CancellationToken cancellationToken)
    {
        await CreateTableAsync(cancellationToken);

        var writer = new MySqlOutboxWriter(_database, _options);
        await writer.ExecuteWithOutboxAsync(
            async (transaction, token) =>
            {
                await using var insert = new MySqlCommand(
                    "INSERT INTO orders (order_id, customer, total_cents) VALUES (@id, @customer, @cents)", transaction.Connection, transaction);
                insert.Parameters.AddWithValue("@id", order.OrderId);
                insert.Parameters.AddWithValue("@customer", order.Customer);
                insert.Parameters.AddWithValue("@cents", order.TotalCents);
                return await insert.ExecuteNonQueryAsync(token);
            },
            writer.NewEvent(Order.Placed, order.ToJson()) with { EventId = eventId },
            cancellationToken: cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _database.DisposeAsync();

    // MySqlConnector reads no mysql://user:password@host:port/database.
    private static string ConnectionString(string url)
    {
        var address = new Uri(url);
        var credentials = address.UserInfo.Split(':', 2);
        return new MySqlConnectionStringBuilder
        {
            Server = address.Host,
            Port = address.Port < 0 ? 3306 : (uint)address.Port,
            Database = Uri.UnescapeDataString(address.AbsolutePath.TrimStart('/')),
            UserID = Uri.UnescapeDataString(credentials[0]),
            Password = credentials is [_, var password] ? Uri.UnescapeDataString(password) : "",
        }.ConnectionString;
    }

    // The app's own table.
    private async Task CreateTableAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        await using var command = new MySqlCommand(
            "CREATE TABLE IF NOT EXISTS orders (order_id VARCHAR(64) PRIMARY KEY, customer TEXT NOT NULL, total_cents INT NOT NULL)", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
