using Npgsql;
using Relaybox.Settings;

namespace Relaybox.Postgres;

/// <summary>
/// Applies the migrations, makes the example handler's table where the example is on, and grants the roles where users are
/// named to whom.
/// </summary>
internal sealed class PostgresSetup(PostgresMigrator migrator, PostgresConnections connections, PostgresSettings settings) : ISetupStep
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
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            $"""
            CREATE TABLE IF NOT EXISTS {PostgresIdentifier.Quote(settings.Tables.Schema)}.{PostgresIdentifier.Quote(table)} (
                event_id   text        COLLATE "C" PRIMARY KEY,
                applied    integer     NOT NULL,
                order_id   text        NOT NULL,
                applied_at timestamptz NOT NULL
            )
            """,
            connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
