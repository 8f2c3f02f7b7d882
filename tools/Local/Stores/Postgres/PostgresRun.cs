using System.Text.Json.Nodes;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Local.Running;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.Postgres;

/// <summary>The PostgreSQL server of a run. Its tables are made by the Setup function.</summary>
internal sealed class PostgresRun : DatabaseRun
{
    private const string Database = "postgres";

    private readonly int _port;
    private readonly LocalServer _server;
    private PostgresCluster? _cluster;

    public PostgresRun(int port)
        : base(PostgresCluster.User)
    {
        _port = port;
        _server = new LocalServer("postgres", StartServerAsync);
    }

    /// <summary>How the superuser connects.</summary>
    public string ConnectionString => Process.ConnectionString;

    public override IReadOnlyList<LocalServer> Servers => [_server];

    // DATABASE_URL is Relaybox's own; the others are what psql and every driver read.
    public override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["DATABASE_URL"] = $"postgres://{PostgresCluster.User}:{Password}@127.0.0.1:{_port}/{Database}",
        ["PGHOST"] = "127.0.0.1",
        ["PGPORT"] = $"{_port}",
        ["PGUSER"] = PostgresCluster.User,
        ["PGPASSWORD"] = Password,
        ["PGDATABASE"] = Database,
    };

    public override IReadOnlyList<string> FunctionVariables => ["DATABASE_SCHEMA"];

    public override IReadOnlyList<Fault> Faults =>
        [ServerFaults.Restart(_server), new Fault("Cut postgres", (_, cancellationToken) => CutAsync(cancellationToken))];

    private PostgresProcess Process => (PostgresProcess)_server.Process;

    public override IDemoApp CreateDemoApp(IReadOnlyDictionary<string, string> environment) =>
        new PostgresDemoApp(ConnectionString, environment["DATABASE_SCHEMA"], environment["OUTBOX_TABLE"], environment["EFFECTS_TABLE"]);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _cluster?.Dispose();
    }

    private async Task<ServerProcess> StartServerAsync(CancellationToken cancellationToken)
    {
        _cluster ??= await PostgresCluster.CreateAsync(Password, cancellationToken);
        var process = await PostgresProcess.StartAsync(_port, _cluster, durable: true, cancellationToken);
        try
        {
            await process.CreateUserAsync(FunctionsUser, Password, cancellationToken);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    private async Task<Harm?> CutAsync(CancellationToken cancellationToken)
    {
        await Process.CutConnectionsAsync(cancellationToken);
        return Harm.IsOver();
    }

    protected override string Secret(string user) => new JsonObject
    {
        ["engine"] = "postgres",
        ["host"] = "127.0.0.1",
        ["port"] = _port,
        ["dbname"] = Database,
        ["username"] = user,
        ["password"] = Password,
    }.ToJsonString();
}
