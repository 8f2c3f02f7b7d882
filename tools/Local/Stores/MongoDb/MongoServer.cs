using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.MongoDb;

/// <summary>
/// A MongoDB server that can end and come back on its port with its data: <c>mongod</c>, or the development double where there is none. Or a
/// server that runs already, which <c>MONGODB_URI</c> names; that one is neither started nor stopped here.
/// </summary>
public sealed class MongoServer : IAsyncDisposable
{
    /// <summary>The variable that names a running server.</summary>
    public const string Variable = "MONGODB_URI";

    private const string DoubleMark = "development double";

    private readonly MongoServerOptions _options;
    private readonly string? _folder;
    private readonly string? _uri;
    private MongoProcess? _process;
    private string _description = "";

    private MongoServer(MongoServerOptions options, string? folder, string? uri) => (_options, _folder, _uri) = (options, folder, uri);

    /// <summary>How a client connects.</summary>
    public string ConnectionString => _uri ?? Process.ConnectionString;

    /// <summary>What runs there, such as <c>mongod 7.0.12</c> or <c>development double of MongoDB</c>.</summary>
    public string Description => _uri is null ? Process.Description : _description;

    /// <summary>Whether it is the development double: then no result of it says anything of a database.</summary>
    public bool IsDouble => Description.StartsWith(DoubleMark, StringComparison.Ordinal);

    /// <summary>Whether it was started here, and can be stopped.</summary>
    public bool IsOwn => _uri is null;

    /// <summary>Where it listens.</summary>
    /// <exception cref="InvalidOperationException">It was not started here.</exception>
    public int Port => Process.Port;

    /// <summary>The folder of its files.</summary>
    /// <exception cref="InvalidOperationException">It was not started here.</exception>
    public string Folder => _folder ?? throw NotOwn();

    private MongoProcess Process => _process ?? throw NotOwn();

    /// <summary>The server that <c>MONGODB_URI</c> names, or else one of its own on a free port.</summary>
    /// <exception cref="RunnerException">It does not answer.</exception>
    public static async Task<MongoServer> FindOrStartAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } uri)
        {
            return await StartAsync(NetworkPorts.Free(1)[0], new MongoServerOptions(), cancellationToken);
        }

        try
        {
            using var client = new MongoClient(uri);
            return new MongoServer(new MongoServerOptions(), null, uri) { _description = await DescribeAsync(client, cancellationToken) };
        }
        catch (Exception exception) when (exception is MongoException or TimeoutException)
        {
            throw new RunnerException($"The server that {Variable} names does not answer: {exception.Message}", exception);
        }
    }

    /// <summary>A server of its own, in a temporary folder that goes with it.</summary>
    /// <exception cref="RunnerException">It does not come up.</exception>
    public static async Task<MongoServer> StartAsync(int port, MongoServerOptions options, CancellationToken cancellationToken)
    {
        var server = new MongoServer(options, Directory.CreateTempSubdirectory("relaybox-mongodb-").FullName, null);
        try
        {
            await server.StartOnAsync(port, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the server in order; its data stay.</summary>
    public ValueTask StopAsync() => Process.DisposeAsync();

    /// <summary>Ends the server at once (SIGKILL); its data stay.</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>Starts the server again on the same port and data, after <see cref="StopAsync"/> or <see cref="KillAsync"/>.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        var port = Port;
        await Process.DisposeAsync();
        await StartOnAsync(port, cancellationToken);
    }

    /// <summary>Stops the server, if it was started here, and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    internal static async Task<string> DescribeAsync(IMongoClient client, CancellationToken cancellationToken)
    {
        var info = await client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
            new BsonDocument("buildInfo", 1), cancellationToken: cancellationToken);
        return info["modules"].AsBsonArray.Contains(DoubleMark) ? $"{DoubleMark} of MongoDB" : $"mongod {info["version"]}";
    }

    private static InvalidOperationException NotOwn() => new($"The server was not started here: {Variable} names it.");

    private async Task StartOnAsync(int port, CancellationToken cancellationToken) =>
        _process = await MongoProcess.StartAsync(port, _folder!, _options, cancellationToken);
}
