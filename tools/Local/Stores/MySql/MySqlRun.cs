using System.Text.Json.Nodes;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Local.Running;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.MySql;

/// <summary>The MariaDB server of a run, with the app's database. Relaybox's own is made by the Setup function.</summary>
internal sealed class MySqlRun : DatabaseRun
{
    /// <summary>The app's database.</summary>
    internal const string Database = "shop";

    private readonly int _port;
    private readonly LocalServer _server;
    private MariaDbFiles? _files;

    public MySqlRun(int port)
        : base(MariaDbFiles.User)
    {
        _port = port;
        _server = new LocalServer("mysql", StartServerAsync);
    }

    /// <summary>How the administrator connects.</summary>
    public string ConnectionString => Process.ConnectionString;

    public override IReadOnlyList<LocalServer> Servers => [_server];

    // DATABASE_URL is Relaybox's own; the others are what the programs mariadb and mysql read, which take the user from their arguments.
    public override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["DATABASE_URL"] = $"mysql://{MariaDbFiles.User}:{Password}@127.0.0.1:{_port}/{Database}",
        ["MYSQL_HOST"] = "127.0.0.1",
        ["MYSQL_TCP_PORT"] = $"{_port}",
        ["MYSQL_PWD"] = Password,
    };

    public override IReadOnlyList<string> FunctionVariables => ["DATABASE_SCHEMA"];

    public override IReadOnlyList<Fault> Faults =>
        [ServerFaults.Restart(_server), new Fault("Cut mysql", (_, cancellationToken) => CutAsync(cancellationToken))];

    private MariaDbProcess Process => (MariaDbProcess)_server.Process;

    public override IDemoApp CreateDemoApp(IReadOnlyDictionary<string, string> environment) =>
        new MySqlDemoApp(ConnectionString, environment["DATABASE_SCHEMA"], environment["OUTBOX_TABLE"], environment["EFFECTS_TABLE"]);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _files?.Dispose();
    }

    private async Task<ServerProcess> StartServerAsync(CancellationToken cancellationToken)
    {
        _files ??= await MariaDbFiles.CreateAsync(Password, cancellationToken);
        var process = await MariaDbProcess.StartAsync(_port, _files, durable: true, cancellationToken);
        try
        {
            await process.CreateDatabaseAsync(Database, FunctionsUser, Password, cancellationToken);
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
        ["engine"] = "mysql",
        ["host"] = "127.0.0.1",
        ["port"] = _port,
        ["dbname"] = Database,
        ["username"] = user,
        ["password"] = Password,
    }.ToJsonString();
}
