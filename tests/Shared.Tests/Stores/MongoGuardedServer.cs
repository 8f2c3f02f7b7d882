using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.MongoDb;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A server of its own whose clients have to authenticate, with an administrator.</summary>
public sealed class MongoGuardedServer : IAsyncLifetime
{
    private const string Administrator = "root";
    private const string Password = "of-the-administrator";

    private readonly List<MongoClient> _clients = [];
    private readonly Dictionary<string, MongoClient> _users = [];
    private readonly SemaphoreSlim _making = new(1, 1);
    private MongoDbServer? _server;
    private MongoClient? _root;

    public MongoDbServer Server => _server ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>The administrator's client.</summary>
    public IMongoClient Root => _root ?? throw new InvalidOperationException("The server has not been started.");

    public static async Task<MongoGuardedServer> StartAsync()
    {
        var server = new MongoGuardedServer();
        await server.InitializeAsync();
        return server;
    }

    public async ValueTask InitializeAsync()
    {
        _server = await MongoDbServer.StartAsync(new MongoServerOptions { Authentication = true });
        await _server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(User("createUser", Administrator, Password, ["root"]));
        _root = Connect(Administrator, Password);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        _making.Dispose();
        await Server.DisposeAsync();
    }

    public IMongoDatabase CreateDatabase() => Root.GetDatabase(MongoDbServer.UniqueName());

    /// <summary>Makes a user who may do nothing yet.</summary>
    public Task CreateUserAsync(string name, string password) => AdminAsync(User("createUser", name, password, []));

    public Task ChangePasswordAsync(string name, string password) =>
        AdminAsync(new BsonDocument { { "updateUser", name }, { "pwd", password } });

    public Task GrantAsync(string name, string database, params string[] roles) => AdminAsync(new BsonDocument
    {
        { "grantRolesToUser", name },
        { "roles", new BsonArray(roles.Select(role => new BsonDocument { { "role", role }, { "db", database } })) },
    });

    /// <summary>A user's client.</summary>
    public MongoClient Connect(string user, string password)
    {
        var client = Server.CreateClient(settings => settings.Credential = MongoCredential.CreateCredential("admin", user, password));
        _clients.Add(client);
        return client;
    }

    /// <summary>Connects as a user who has one role of Relaybox's, in this database and others of the tests.</summary>
    internal async Task<IMongoDatabase> ConnectAsAsync(IMongoDatabase database, MongoRoles roles, string role)
    {
        var (user, name) = ($"{role}_user", database.DatabaseNamespace.DatabaseName);
        await _making.WaitAsync();
        try
        {
            if (!_users.ContainsKey(user))
            {
                await CreateUserAsync(user, "of-a-user");
                _users.Add(user, Connect(user, "of-a-user"));
            }

            await GrantAsync(user, name, $"{roles.Prefix}_{role}");
            return _users[user].GetDatabase(name);
        }
        finally
        {
            _making.Release();
        }
    }

    private static BsonDocument User(string command, string name, string password, BsonArray roles) =>
        new() { { command, name }, { "pwd", password }, { "roles", roles } };

    private Task AdminAsync(BsonDocument command) => Root.GetDatabase("admin").RunCommandAsync<BsonDocument>(command);
}
