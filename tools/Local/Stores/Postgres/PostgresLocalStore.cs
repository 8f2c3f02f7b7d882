using Relaybox.Postgres;
using Relaybox.Settings;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>PostgreSQL: a real server with its files in a temporary folder.</summary>
internal sealed class PostgresLocalStore : IMigratedStore
{
    public string Name => "postgres";

    public IReadOnlyList<string> Ports => ["PostgreSQL"];

    public string UrlForm => "postgres://user:password@host:port/database";

    public IStore Provider { get; } = new PostgresStore();

    public bool IsUrl(string text) => PostgresUrl.IsUrl(text);

    public ISchemaMigration CreateMigration(StoreSettings settings) => new PostgresMigration((PostgresSettings)settings);

    public StoreRun Create(IReadOnlyList<int> ports) => new PostgresRun(ports[0]);
}
