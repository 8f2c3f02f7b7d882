using Npgsql;
using Relaybox.Postgres;

namespace PlaceOrder;

/// <summary>Orders in PostgreSQL.</summary>
internal sealed class PostgresOrders : IOrders
{
    private readonly NpgsqlDataSource _database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
    {
        Host = Environment.GetEnvironmentVariable("PGHOST"),
        Port = int.Parse(Environment.GetEnvironmentVariable("PGPORT") ?? "5432", null),
        Username = Environment.GetEnvironmentVariable("PGUSER"),
        Password = Environment.GetEnvironmentVariable("PGPASSWORD"),
        Database = Environment.GetEnvironmentVariable("PGDATABASE"),
    });

    private readonly PostgresOptions _options = new()
    {
        Schema = Environment.GetEnvironmentVariable("DATABASE_SCHEMA") ?? "relaybox",
        OutboxTable = Environment.GetEnvironmentVariable("OUTBOX_TABLE") ?? "outbox",
    };

    /// <inheritdoc />
    public async Task PlaceAsync(Order order, string eventId, CancellationToken cancellationToken)
    {
        await CreateTableAsync(cancellationToken);

        var writer = new PostgresOutboxWriter(_database, _options);
        await writer.ExecuteWithOutboxAsync(
            async (transaction, token) =>
            {
                await using var insert = new NpgsqlCommand(
                    "INSERT INTO orders (order_id, customer, total_cents) VALUES ($1, $2, $3)", transaction.Connection, transaction);
                insert.Parameters.Add(new() { Value = order.OrderId });
                insert.Parameters.Add(new() { Value = order.Customer });
                insert.Parameters.Add(new() { Value = order.TotalCents });
                return await insert.ExecuteNonQueryAsync(token);
            },
            writer.NewEvent(Order.Placed, order.ToJson()) with { EventId = eventId },
            cancellationToken: cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _database.DisposeAsync();

    // The app's own table.
    private async Task CreateTableAsync(CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(
            "CREATE TABLE IF NOT EXISTS orders (order_id text PRIMARY KEY, customer text NOT NULL, total_cents integer NOT NULL)");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
