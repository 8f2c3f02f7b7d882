using Relaybox.Local.Demo;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>The PostgreSQL server of a run. Its tables are made by the Setup function.</summary>
/// <param name="port">Where it listens.</param>
internal sealed class PostgresRun(int port) : SqlRun<PostgresCluster, PostgresProcess>("postgres", PostgresCluster.User, Database, port)
{
    private const string Database = "postgres";

    public override string ConnectionString => Process.ConnectionString;

    // DATABASE_URL is Relaybox's own; the others are what psql and every driver read.
    public override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["DATABASE_URL"] = $"postgres://{PostgresCluster.User}:{Password}@127.0.0.1:{Port}/{Database}",
        ["PGHOST"] = "127.0.0.1",
        ["PGPORT"] = $"{Port}",
        ["PGUSER"] = PostgresCluster.User,
        ["PGPASSWORD"] = Password,
        ["PGDATABASE"] = Database,
    };

    public override IDemoApp CreateDemoApp(IReadOnlyDictionary<string, string> environment) =>
        new PostgresDemoApp(ConnectionString, environment["DATABASE_SCHEMA"], environment["OUTBOX_TABLE"], environment["EFFECTS_TABLE"]);

    private protected override Task<PostgresCluster> CreateFilesAsync(CancellationToken cancellationToken) =>
        PostgresCluster.CreateAsync(Password, cancellationToken);

    private protected override Task<PostgresProcess> StartAsync(PostgresCluster files, CancellationToken cancellationToken) =>
        PostgresProcess.StartAsync(Port, files, durable: true, cancellationToken);

    private protected override Task PrepareAsync(PostgresProcess process, CancellationToken cancellationToken) =>
        process.CreateUserAsync(FunctionsUser, Password, cancellationToken);

    private protected override Task CutConnectionsAsync(CancellationToken cancellationToken) => Process.CutConnectionsAsync(cancellationToken);
}
