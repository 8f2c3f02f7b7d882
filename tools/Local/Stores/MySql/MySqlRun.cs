using Relaybox.Local.Demo;

namespace Relaybox.Local.Stores.MySql;

/// <summary>The MariaDB server of a run, with the app's database. Relaybox's own is made by the Setup function.</summary>
/// <param name="port">Where it listens.</param>
internal sealed class MySqlRun(int port) : SqlRun<MariaDbFiles, MariaDbProcess>("mysql", MariaDbFiles.User, Database, port)
{
    /// <summary>The app's database.</summary>
    internal const string Database = "shop";

    public override string ConnectionString => Process.ConnectionString;

    // DATABASE_URL is Relaybox's own; the others are what the programs mariadb and mysql read, which take the user from their arguments.
    public override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["DATABASE_URL"] = $"mysql://{MariaDbFiles.User}:{Password}@127.0.0.1:{Port}/{Database}",
        ["MYSQL_HOST"] = "127.0.0.1",
        ["MYSQL_TCP_PORT"] = $"{Port}",
        ["MYSQL_PWD"] = Password,
    };

    public override IDemoApp CreateDemoApp(IReadOnlyDictionary<string, string> environment) =>
        new MySqlDemoApp(ConnectionString, environment["DATABASE_SCHEMA"], environment["OUTBOX_TABLE"], environment["EFFECTS_TABLE"]);

    private protected override Task<MariaDbFiles> CreateFilesAsync(CancellationToken cancellationToken) =>
        MariaDbFiles.CreateAsync(Password, cancellationToken);

    private protected override Task<MariaDbProcess> StartAsync(MariaDbFiles files, CancellationToken cancellationToken) =>
        MariaDbProcess.StartAsync(Port, files, durable: true, cancellationToken);

    private protected override Task PrepareAsync(MariaDbProcess process, CancellationToken cancellationToken) =>
        process.CreateDatabaseAsync(Database, FunctionsUser, Password, cancellationToken);

    private protected override Task CutConnectionsAsync(CancellationToken cancellationToken) => Process.CutConnectionsAsync(cancellationToken);
}
