using Npgsql;
using Relaybox.Postgres;
using Relaybox.Sql;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>The migration of PostgreSQL.</summary>
internal sealed class PostgresMigration : ISchemaMigration
{
    private const int MigrationWaits = 1404;

    private readonly PostgresSettings _settings;
    private readonly PostgresConnections _connections;
    private readonly PostgresMigrator _migrator;

    public PostgresMigration(PostgresSettings settings)
    {
        _settings = settings;
        _connections = new PostgresConnections(settings.Connection, new NoSecrets());
        _migrator = new PostgresMigrator(_connections, settings.Tables, new MigrateLog<PostgresMigrator>(MigrationWaits));
    }

    public string Schema => _settings.Tables.Schema;

    public bool NamesUsers => _settings.Roles is not null;

    public Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken) => _migrator.MigrateAsync(cancellationToken);

    public Task GrantRolesAsync(CancellationToken cancellationToken)
    {
        string[] tables = _settings.EffectsTable is { } effects ? [effects] : [];
        var roles = _settings.Roles ?? PostgresRoles.WithPrefix(_settings.RolePrefix);
        return _migrator.GrantRolesAsync(roles with { HandlerTables = tables }, cancellationToken);
    }

    public string? Explain(Exception exception) =>
        exception is MigrationException or NpgsqlException ? _connections.Explain(exception)?.Message ?? exception.Message : null;

    public ValueTask DisposeAsync() => _connections.DisposeAsync();
}
