using MySqlConnector;
using Relaybox.MySql;
using Relaybox.Sql;

namespace Relaybox.Local.Stores.MySql;

/// <summary>The migration of MySQL and MariaDB.</summary>
internal sealed class MySqlMigration : ISchemaMigration
{
    private const int MigrationWaits = 1702;

    private readonly MySqlSettings _settings;
    private readonly MySqlConnections _connections;
    private readonly MySqlMigrator _migrator;

    public MySqlMigration(MySqlSettings settings)
    {
        _settings = settings;
        _connections = new MySqlConnections(settings.Connection, new NoSecrets());
        _migrator = new MySqlMigrator(_connections, settings.Tables, new MigrateLog<MySqlMigrator>(MigrationWaits));
    }

    public string Schema => _settings.Tables.Schema;

    public bool NamesUsers => _settings.Roles is not null;

    public Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancellationToken) => _migrator.MigrateAsync(cancellationToken);

    public Task GrantRolesAsync(CancellationToken cancellationToken)
    {
        string[] tables = _settings.EffectsTable is { } effects ? [effects] : [];
        var roles = _settings.Roles ?? new MySqlRoles { Prefix = _settings.Connection.RolePrefix };
        return _migrator.GrantRolesAsync(roles with { HandlerTables = tables }, cancellationToken);
    }

    public string? Explain(Exception exception) => exception is MigrationException or MySqlException or MySqlVersionException
        ? _connections.Explain(exception)?.Message ?? exception.Message
        : null;

    public ValueTask DisposeAsync() => _connections.DisposeAsync();
}
