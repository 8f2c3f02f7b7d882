using MySqlConnector;
using Relaybox.Settings;

namespace Relaybox.MySql;

/// <summary>
/// Applies the migrations, makes the example handler's table where the example is on, and grants the roles where users are
/// named to whom.
/// </summary>
internal sealed class MySqlSetup(MySqlMigrator migrator, MySqlConnections connections, MySqlSettings settings) : ISetupStep
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var applied = await migrator.MigrateAsync(cancellationToken);
        if (settings.EffectsTable is { } table)
        {
            await CreateEffectsAsync(table, cancellationToken);
        }

        if (settings.Roles is { } roles)
        {
            string[] tables = settings.EffectsTable is { } effects ? [effects] : [];
            await migrator.GrantRolesAsync(roles with { HandlerTables = tables }, cancellationToken);
        }

        return applied.Count;
    }

    private async Task CreateEffectsAsync(string table, CancellationToken cancellationToken)
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
