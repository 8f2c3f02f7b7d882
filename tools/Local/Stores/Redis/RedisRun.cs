using System.Text.Json.Nodes;
using Relaybox.Local.Chaos;
using Relaybox.Local.Demo;
using Relaybox.Local.Running;
using Relaybox.Local.Servers;
using StackExchange.Redis;

namespace Relaybox.Local.Stores.Redis;

/// <summary>
/// The Redis server of a run. It writes every change to its disk before it acknowledges it: a killed server comes back with all of them.
/// </summary>
internal sealed class RedisRun : DatabaseRun
{
    private const string Owner = "relaybox_owner";

    private readonly int _port;
    private readonly LocalServer _server;
    private string? _folder;

    public RedisRun(int port)
        : base(Owner)
    {
        _port = port;
        _server = new LocalServer("redis", StartServerAsync);
    }

    public override IReadOnlyList<LocalServer> Servers => [_server];

    // REDIS_URL is Relaybox's own; the others are what redis-cli reads.
    public override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["REDIS_URL"] = $"redis://{Owner}:{Password}@127.0.0.1:{_port}/0",
        ["REDISCLI_AUTH"] = Password,
        ["REDIS_PORT"] = $"{_port}",
    };

    public override IReadOnlyList<string> FunctionVariables => ["REDIS_KEY_PREFIX", "REDIS_BUCKETS"];

    public override IReadOnlyList<Fault> Faults =>
        [ServerFaults.Restart(_server), new Fault("Cut redis", (_, cancellationToken) => CutAsync(cancellationToken))];

    public override IDemoApp CreateDemoApp(IReadOnlyDictionary<string, string> environment) =>
        new RedisDemoApp(Configuration(), environment["REDIS_KEY_PREFIX"], environment["REDIS_BUCKETS"], environment["EFFECTS_TABLE"]);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    protected override string Secret(string user) => new JsonObject
    {
        ["host"] = "127.0.0.1", ["port"] = _port, ["username"] = user, ["password"] = Password,
    }.ToJsonString();

    private async Task<ServerProcess> StartServerAsync(CancellationToken cancellationToken)
    {
        if (_folder is null)
        {
            _folder = Directory.CreateTempSubdirectory("relaybox-redis-").FullName;

            // Users are in a file of their own, where Setup can save them. The owner is the default user as well, for redis-cli.
            await File.WriteAllTextAsync(
                UsersFile(),
                $"user default on >{Password} ~* &* +@all\nuser {Owner} on >{Password} ~* &* +@all\n"
                + $"user {FunctionsUser} on >{Password} resetkeys resetchannels -@all\n",
                cancellationToken);
        }

        return await RedisProcess.StartAsync(_port, _folder, ["--appendfsync", "always", "--aclfile", UsersFile()], cancellationToken);
    }

    private string UsersFile() => Path.Combine(_folder!, "users.acl");

    private ConfigurationOptions Configuration() => new()
    {
        EndPoints = { { "127.0.0.1", _port } },
        User = Owner,
        Password = Password,
        AllowAdmin = true,
        AbortOnConnectFail = false,
        BacklogPolicy = BacklogPolicy.FailFast,
        ConnectTimeout = 5_000,
    };

    /// <summary>A connection of the owner's.</summary>
    internal Task<ConnectionMultiplexer> ConnectAsync() => ConnectionMultiplexer.ConnectAsync(Configuration());

    private async Task<Harm?> CutAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync();
        await connection.GetServers()[0].ExecuteAsync("CLIENT", "KILL", "USER", FunctionsUser).WaitAsync(cancellationToken);
        return Harm.IsOver();
    }
}
