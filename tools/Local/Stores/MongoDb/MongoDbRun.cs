using System.Text.Json.Nodes;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Local.Running;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.MongoDb;

/// <summary>The MongoDB server of a run. Its collections are made by the Setup function.</summary>
internal sealed class MongoDbRun : DatabaseRun
{
    private const string Database = "shop";
    private const string Owner = "owner";

    private const int UserExists = 51003;

    private readonly int _port;
    private readonly LocalServer _server;
    private readonly MongoServerOptions _options = new() { Authentication = true };
    private string? _folder;

    public MongoDbRun(int port)
        : base(Owner)
    {
        _port = port;
        _server = new LocalServer("mongodb", StartServerAsync);
    }

    /// <summary>How the owner connects.</summary>
    public string ConnectionString => $"mongodb://{Owner}:{Password}@127.0.0.1:{_port}/{Database}?authSource=admin&replicaSet={_options.ReplicaSet}";

    public override IReadOnlyList<LocalServer> Servers => [_server];

    public override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["MONGODB_URI"] = ConnectionString,
        ["DATABASE_NAME"] = Database,
    };

    public override IReadOnlyList<Fault> Faults => [ServerFaults.Restart(_server)];

    public override IDemoApp CreateDemoApp(IReadOnlyDictionary<string, string> environment) =>
        new MongoDbDemoApp(new MongoUrl(ConnectionString), environment["OUTBOX_TABLE"], environment["EFFECTS_TABLE"]);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<ServerProcess> StartServerAsync(CancellationToken cancellationToken)
    {
        _folder ??= Directory.CreateTempSubdirectory("relaybox-mongodb-").FullName;
        var process = await MongoProcess.StartAsync(_port, _folder, _options, cancellationToken);
        try
        {
            await CreateUserAsync($"mongodb://127.0.0.1:{_port}/?directConnection=true", Owner, "root", cancellationToken);
            await CreateUserAsync(ConnectionString, FunctionsUser, role: null, cancellationToken);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    // The first user is made without authentication, which the server allows on loopback until there is one.
    private async Task CreateUserAsync(string connectionString, string user, string? role, CancellationToken cancellationToken)
    {
        using var client = new MongoClient(connectionString);
        try
        {
            await client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
                new BsonDocument
                {
                    { "createUser", user },
                    { "pwd", Password },
                    { "roles", role is null ? new BsonArray() : new BsonArray { role } },
                },
                cancellationToken: cancellationToken);
        }
        catch (MongoCommandException exception) when (exception.Code == UserExists || exception.CodeName == "Unauthorized")
        {
            // The server has come back with its users.
        }
    }

    protected override string Secret(string user) => new JsonObject
    {
        ["host"] = "127.0.0.1",
        ["port"] = _port,
        ["dbname"] = Database,
        ["username"] = user,
        ["password"] = Password,
        ["replicaSet"] = _options.ReplicaSet,
    }.ToJsonString();
}
