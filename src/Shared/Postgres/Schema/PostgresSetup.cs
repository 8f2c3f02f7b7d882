using Npgsql;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <summary>Makes what the store needs in the database.</summary>
internal sealed class PostgresSetup(PostgresMigrator migrator, PostgresConnections connections, PostgresSettings settings)
    : SqlSetup(settings.EffectsTable)
{
    protected override Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken) => migrator.MigrateAsync(cancellationToken);

    protected override Task GrantRolesAsync(string[] handlerTables, CancellationToken cancellationToken) => settings.Roles is { } roles
        ? migrator.GrantRolesAsync(roles with { HandlerTables = handlerTables }, cancellationToken)
        : Task.CompletedTask;

    protected override async Task CreateEffectsAsync(string table, CancellationToken cancellationToken)
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
