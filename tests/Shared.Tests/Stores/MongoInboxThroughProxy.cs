using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Tests of an inbox whose connections can be cut at a message.</summary>
/// <param name="server">The server.</param>
public abstract class MongoInboxThroughProxy(MongoDbServer server) : InboxClaims, IAsyncLifetime
{
    private MongoClient _throughProxy = null!;

    protected MongoDbServer Server => server;

    /// <summary>The inbox itself, past the proxy.</summary>
    private protected MongoInboxHarness Store { get; private set; } = null!;

    protected MongoProxy Proxy { get; private set; } = null!;

    /// <summary>The inbox through the proxy.</summary>
    private protected MongoInboxRepository Repository { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Store = await MongoInboxHarness.CreateAsync(server, enlists: false);
        Proxy = new MongoProxy(server.Client.Settings.Server.Port);
        _throughProxy = new MongoClient(Proxy.ConnectionString);
        Repository = Store.CreateRepository(_throughProxy.GetDatabase(Store.Database.Database.DatabaseNamespace.DatabaseName));
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _throughProxy.Dispose();
        await Proxy.DisposeAsync();
        await Store.DisposeAsync();
    }
}
