using System.CommandLine;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>PostgreSQL: a real server with its files in a temporary folder.</summary>
internal sealed class PostgresLocalStore : ILocalStore
{
    public string Name => "postgres";

    public IReadOnlyList<string> Ports => ["PostgreSQL"];

    public IReadOnlyList<Command> Commands => [MigrateCommand.Create()];

    public StoreRun Create(IReadOnlyList<int> ports) => new PostgresRun(ports[0]);
}
