using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Stores.MongoDb;

/// <summary>A MongoDB server on loopback: mongod where it is on the PATH, otherwise the development double.</summary>
public sealed class MongoProcess : ServerProcess
{
    private readonly MongoServerOptions _options;

    private MongoProcess(int port, MongoServerOptions options, bool isDouble, string program, IEnumerable<string> arguments)
        : base("mongodb", port, program, arguments)
    {
        _options = options;
        IsDouble = isDouble;
    }

    /// <inheritdoc />
    public override Uri Endpoint => new($"mongodb://127.0.0.1:{Port}/");

    /// <summary>How a client connects.</summary>
    public string ConnectionString => _options.ConnectionString(Port);

    /// <summary>Whether it is the development double, and no database.</summary>
    public bool IsDouble { get; }

    /// <inheritdoc />
    public override string? Reservation => IsDouble
        ? "There is no mongod on the PATH: MongoDB is a development double here. It shows how Relaybox behaves, and no figures of a database."
        : null;

    /// <summary>What runs here, such as <c>mongod 7.0.12</c>.</summary>
    public string Description { get; private set; } = "";

    /// <summary>Starts a server, makes it a replica set of one where that is wanted, and waits until it accepts writes.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="folder">Its files; a server that is started again on them has its data still.</param>
    /// <param name="options">How it is started.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">The server did not come up.</exception>
    public static async Task<MongoProcess> StartAsync(
        int port, string folder, MongoServerOptions options, CancellationToken cancellationToken)
    {
        var mongod = Executables.Find("mongod");
        List<string> arguments = ["--port", $"{port}", "--bind_ip", "127.0.0.1", "--dbpath", folder, "--setParameter", "enableTestCommands=1"];
        arguments.AddRange(options.Parameters.SelectMany(parameter => (string[])["--setParameter", parameter]));
        if (options.ReplicaSet is { } replicaSet)
        {
            arguments.AddRange(["--replSet", replicaSet]);
        }

        if (options.CertificateKeyFile is { } certificate)
        {
            arguments.AddRange(["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", certificate]);
        }

        if (options.Authentication)
        {
            arguments.Add("--auth");
        }

        MongoProcess server;
        if (mongod is not null)
        {
            // Members of a replica set authenticate to each other, even if there is one.
            string[] keyFile = options is { Authentication: true, ReplicaSet: not null } ? ["--keyFile", KeyFile(folder)] : [];
            server = new MongoProcess(port, options, false, mongod, [.. arguments, .. keyFile, "--nounixsocket", "--quiet"]);
        }
        else
        {
            var dotnet = Executables.Require("dotnet", "The development double of MongoDB", "Install the .NET SDK.");
            server = new MongoProcess(port, options, true, dotnet, [MongoDoubleFile.Find(), .. arguments, .. options.DoubleArguments]);
        }

        await server.WaitUntilReadyAsync(cancellationToken);
        return server;
    }

    private protected override async Task ProbeAsync(CancellationToken cancellationToken)
    {
        // A quick answer while nobody listens yet.
        using (var probe = new TcpClient())
        {
            await probe.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
        }

        try
        {
            using var client = new MongoClient(DirectSettings());
            var admin = client.GetDatabase("admin");
            Description = await MongoServer.DescribeAsync(client, cancellationToken);
            var hello = await admin.RunCommandAsync<BsonDocument>(new BsonDocument("hello", 1), cancellationToken: cancellationToken);
            if (_options.ReplicaSet is not null && !hello.Contains("setName") && hello.Contains("isreplicaset"))
            {
                await InitiateAsync(admin, _options.ReplicaSet, cancellationToken);
            }

            if (!hello["isWritablePrimary"].AsBoolean)
            {
                throw new IOException("The server accepts no writes yet.");
            }
        }
        catch (Exception exception) when (exception is MongoException or TimeoutException)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    private async Task InitiateAsync(IMongoDatabase admin, string replicaSet, CancellationToken cancellationToken)
    {
        var member = new BsonDocument { { "_id", 0 }, { "host", $"127.0.0.1:{Port}" } };
        await admin.RunCommandAsync<BsonDocument>(
            new BsonDocument("replSetInitiate", new BsonDocument { { "_id", replicaSet }, { "members", new BsonArray { member } } }),
            cancellationToken: cancellationToken);
    }

    private MongoClientSettings DirectSettings()
    {
        var settings = MongoClientSettings.FromConnectionString($"mongodb://127.0.0.1:{Port}/?directConnection=true");
        settings.ServerSelectionTimeout = TimeSpan.FromSeconds(10);
        if (_options.CertificateKeyFile is not null)
        {
            // Asks a server that it has just started on loopback whether it is there: no secret goes this way.
            settings.UseTls = true;
            settings.AllowInsecureTls = true;
        }

        return settings;
    }

    private static string KeyFile(string folder)
    {
        var file = Path.Combine(folder, "relaybox.key");
        if (!File.Exists(file))
        {
            File.WriteAllText(file, Convert.ToBase64String(RandomNumberGenerator.GetBytes(48)));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }

        return file;
    }
}
