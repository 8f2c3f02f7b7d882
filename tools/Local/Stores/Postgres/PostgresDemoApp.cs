using Npgsql;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>The app on PostgreSQL, with a table of its own in a schema of its own.</summary>
internal sealed class PostgresDemoApp(string connectionString, string schema, string outboxTable, string effectsTable) : SqlDemoApp(
    NpgsqlDataSource.Create(connectionString), Orders, $"\"{schema}\".\"{outboxTable}\"", $"\"{schema}\".\"{effectsTable}\"")
{
    private const string Orders = "demo.orders";

    protected override string PlaceColumn => "row_id";

    protected override string CreateOrders =>
        $"""
        CREATE SCHEMA demo;
        CREATE TABLE {Orders} (
            order_id text PRIMARY KEY,
            customer text NOT NULL,
            total_cents integer NOT NULL,
            event_id text NOT NULL,
            committed_at timestamptz NOT NULL
        );
        """;
}
