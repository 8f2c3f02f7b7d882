using Relaybox.MySql;
using Relaybox.Settings;

namespace Relaybox.Local.Stores.MySql;

/// <summary>MySQL: a real MariaDB server with its files in a temporary folder.</summary>
internal sealed class MySqlLocalStore : IMigratedStore
{
    public string Name => "mysql";

    public IReadOnlyList<string> Ports => ["MariaDB"];

    public string UrlForm => "mysql://user:password@host:port/database";

    public IStore Provider { get; } = new MySqlStore();

    public bool IsUrl(string text) => MySqlUrl.IsUrl(text);

    public ISchemaMigration CreateMigration(StoreSettings settings) => new MySqlMigration((MySqlSettings)settings);

    public StoreRun Create(IReadOnlyList<int> ports) => new MySqlRun(ports[0]);
}
