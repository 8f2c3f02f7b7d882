using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Makes commands of one client fail: the server does it, as a fail point that knows the client by its application's name. A server has
/// one fail point: tests that use it take turns.
/// </summary>
internal sealed class MongoFailPoint : IAsyncDisposable
{
    private static readonly SemaphoreSlim Turn = new(1, 1);

    private readonly IMongoDatabase _admin;
    private readonly string _application = MongoDbServer.UniqueName("app");

    private MongoFailPoint(MongoDbServer server)
    {
        _admin = server.Client.GetDatabase("admin");
        Client = server.CreateClient(settings =>
        {
            settings.ApplicationName = _application;

            // After some faults the driver waits for the server's next answer, which comes at once only where the server has changed.
            settings.HeartbeatInterval = TimeSpan.FromMilliseconds(500);
        });
    }

    public static async Task<MongoFailPoint> TakeTurnAsync(MongoDbServer server)
    {
        await Turn.WaitAsync(TestContext.Current.CancellationToken);
        return new MongoFailPoint(server);
    }

    /// <summary>The client.</summary>
    public MongoClient Client { get; }

    /// <summary>Lets commands fail from now on.</summary>
    /// <param name="mode">How often: "alwaysOn", or {times: n}.</param>
    /// <param name="data">How: errorCode, closeConnection, and so on.</param>
    /// <param name="commands">Which.</param>
    public Task SetAsync(BsonValue mode, BsonDocument data, params string[] commands)
    {
        data["failCommands"] = new BsonArray(commands);
        data["appName"] = _application;
        return _admin.RunCommandAsync<BsonDocument>(
            new BsonDocument { { "configureFailPoint", "failCommand" }, { "mode", mode }, { "data", data } });
    }

    public static BsonDocument Times(int times) => new("times", times);

    public Task EndAsync() => _admin.RunCommandAsync<BsonDocument>(
        new BsonDocument { { "configureFailPoint", "failCommand" }, { "mode", "off" } });

    public async ValueTask DisposeAsync()
    {
        try
        {
            await EndAsync();
            Client.Dispose();
        }
        finally
        {
            Turn.Release();
        }
    }
}
