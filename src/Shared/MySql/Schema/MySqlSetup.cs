using MySqlConnector;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>Makes what the store needs in the database.</summary>
internal sealed class MySqlSetup(MySqlMigrator migrator, MySqlConnections connections, MySqlSettings settings) : SqlSetup(settings.EffectsTable)
{
    protected override Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken) => migrator.MigrateAsync(cancellationToken);

    protected override Task GrantRolesAsync(string[] handlerTables, CancellationToken cancellationToken) => settings.Roles is { } roles
        ? migrator.GrantRolesAsync(roles with { HandlerTables = handlerTables }, cancellationToken)
        : Task.CompletedTask;

    protected override async Task CreateEffectsAsync(string table, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenForHandlerAsync(cancellationToken);
        await using var command = new MySqlCommand(
            $"""
            CREATE TABLE IF NOT EXISTS {new MySqlNames(settings.Tables).Qualify(table)} (
                event_id   VARBINARY(1020) NOT NULL PRIMARY KEY,
                applied    INT             NOT NULL,
                order_id   TEXT            NOT NULL,
                applied_at DATETIME(6)     NOT NULL
            ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
            """,
            connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
