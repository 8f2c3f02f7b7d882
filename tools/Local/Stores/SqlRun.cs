using System.Text.Json.Nodes;
using Relaybox.Local.Chaos;
using Relaybox.Local.Running;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores;

/// <summary>The server of an SQL database in a run. What Relaybox has in it is made by the Setup function.</summary>
/// <typeparam name="TFiles">The server's files, which outlive its process.</typeparam>
/// <typeparam name="TProcess">The server's process.</typeparam>
internal abstract class SqlRun<TFiles, TProcess> : DatabaseRun
    where TFiles : DatabaseFiles
    where TProcess : ServerProcess
{
    private readonly string _name;
    private readonly string _database;
    private readonly LocalServer _server;
    private TFiles? _files;

    /// <param name="name">The server's name, which is also that of the engine in a secret.</param>
    /// <param name="administrator">The administrator, who is the owner.</param>
    /// <param name="database">The app's database.</param>
    /// <param name="port">Where the server listens.</param>
    private protected SqlRun(string name, string administrator, string database, int port)
        : base(administrator)
    {
        (_name, _database, Port) = (name, database, port);
        _server = new LocalServer(name, StartServerAsync);
    }

    /// <summary>How the administrator connects.</summary>
    public abstract string ConnectionString { get; }

    public override IReadOnlyList<LocalServer> Servers => [_server];

    public override IReadOnlyList<string> FunctionVariables => ["DATABASE_SCHEMA"];

    public override IReadOnlyList<Fault> Faults =>
        [ServerFaults.Restart(_server), new Fault($"Cut {_name}", (_, cancellationToken) => CutAsync(cancellationToken))];

    private protected int Port { get; }

    private protected TProcess Process => (TProcess)_server.Process;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _files?.Dispose();
    }

    private protected abstract Task<TFiles> CreateFilesAsync(CancellationToken cancellationToken);

    private protected abstract Task<TProcess> StartAsync(TFiles files, CancellationToken cancellationToken);

    /// <summary>Makes the database, and the functions' user, unless they are there already.</summary>
    private protected abstract Task PrepareAsync(TProcess process, CancellationToken cancellationToken);

    /// <summary>Ends the connections of everybody.</summary>
    private protected abstract Task CutConnectionsAsync(CancellationToken cancellationToken);

    protected override string Secret(string user) => new JsonObject
    {
        ["engine"] = _name,
        ["host"] = "127.0.0.1",
        ["port"] = Port,
        ["dbname"] = _database,
        ["username"] = user,
        ["password"] = Password,
    }.ToJsonString();

    private async Task<ServerProcess> StartServerAsync(CancellationToken cancellationToken)
    {
        _files ??= await CreateFilesAsync(cancellationToken);
        var process = await StartAsync(_files, cancellationToken);
        try
        {
            await PrepareAsync(process, cancellationToken);
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
        await CutConnectionsAsync(cancellationToken);
        return Harm.IsOver();
    }
}
