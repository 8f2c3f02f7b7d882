using MySqlConnector;

namespace Relaybox.Local.Stores.MySql;

/// <summary>The app on MariaDB, with a table in a database of its own.</summary>
internal sealed class MySqlDemoApp(string connectionString, string schema, string outboxTable, string effectsTable) : SqlDemoApp(
    new MySqlDataSource(connectionString), Orders, $"`{schema}`.`{outboxTable}`", $"`{schema}`.`{effectsTable}`")
{
    private const string Orders = $"`{MySqlRun.Database}`.`orders`";

    protected override string PlaceColumn => "key_number";

    protected override string CreateOrders =>
        $"""
        CREATE TABLE {Orders} (
            order_id VARCHAR(64) NOT NULL PRIMARY KEY,
            customer VARCHAR(64) NOT NULL,
            total_cents INT NOT NULL,
            event_id VARCHAR(255) NOT NULL,
            committed_at DATETIME(6) NOT NULL
        )
        """;
}
