using MongoDB.Driver;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.MongoDb;
using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// A MongoDB server for one test assembly: <c>[assembly: AssemblyFixture(typeof(MongoDbServer))]</c>, then a constructor parameter of the
/// test class. It is the server that <c>MONGODB_URI</c> names, or <c>mongod</c>, or the development double (<see cref="IsDouble"/>). Every test
/// makes a database of its own (<see cref="CreateDatabase"/>). A test that stops, kills or configures the server makes one of its own
/// (<see cref="StartAsync"/>).
/// </summary>
public sealed class MongoDbServer : IAsyncLifetime
{
    private readonly List<string> _databases = [];
    private MongoServer? _server;
    private MongoClient? _client;

    /// <summary>How a client connects.</summary>
    public string ConnectionString => Started.ConnectionString;

    /// <summary>Whether it is the development double.</summary>
    public bool IsDouble => Started.IsDouble;

    /// <summary>What runs there, such as <c>mongod 7.0.12</c>.</summary>
    public string Description => Started.Description;

    public int Port => Started.Port;

    /// <summary>The folder of its files.</summary>
    public string Folder => Started.Folder;

    /// <summary>A client that all tests share.</summary>
    public IMongoClient Client => _client ?? throw NotStarted();

    private MongoServer Started => _server ?? throw NotStarted();

    public static string UniqueName(string prefix = "t") => $"{prefix}{Guid.NewGuid():N}";

    /// <summary>A server of its own for a test that breaks or configures it.</summary>
    public static async Task<MongoDbServer> StartAsync(MongoServerOptions? options = null)
    {
        var server = new MongoDbServer();
        server.Use(await MongoServer.StartAsync(NetworkPorts.Free(1)[0], options ?? new MongoServerOptions(), CancellationToken.None));
        return server;
    }

    /// <summary>A database that no other test uses; it is dropped at the end.</summary>
    public IMongoDatabase CreateDatabase()
    {
        var name = UniqueName();
        lock (_databases)
        {
            _databases.Add(name);
        }

        return Client.GetDatabase(name);
    }

    /// <summary>Another client on the same server; the caller disposes it.</summary>
    public MongoClient CreateClient(Action<MongoClientSettings>? configure = null)
    {
        var settings = MongoClientSettings.FromConnectionString(ConnectionString);
        settings.ServerSelectionTimeout = TimeSpan.FromSeconds(30);
        configure?.Invoke(settings);
        return new MongoClient(settings);
    }

    /// <summary>Ends the server in order; its data stay.</summary>
    public Task StopAsync() => Started.StopAsync().AsTask();

    /// <summary>Ends the server at once (SIGKILL); its data stay.</summary>
    public Task StopAtOnceAsync() => Started.KillAsync();

    /// <summary>Starts the server again on its port and its data.</summary>
    public Task StartAgainAsync() => Started.StartAgainAsync(CancellationToken.None);

    public async ValueTask InitializeAsync() => Use(await MongoServer.FindOrStartAsync(CancellationToken.None));

    public async ValueTask DisposeAsync()
    {
        if (_server is { IsOwn: false })
        {
            foreach (var name in _databases)
            {
                await Client.DropDatabaseAsync(name);
            }
        }

        _client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static InvalidOperationException NotStarted() => new("The server has not been started.");

    private void Use(MongoServer server)
    {
        _server = server;
        _client = CreateClient();
    }
}
