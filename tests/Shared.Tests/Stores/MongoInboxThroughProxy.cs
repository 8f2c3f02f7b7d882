using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.MongoDb;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Tests of an inbox whose connections can be cut at a message.</summary>
/// <param name="server">The server.</param>
public abstract class MongoInboxThroughProxy(MongoDbServer server) : IAsyncLifetime
{
    private MongoClient _throughProxy = null!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

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

    private protected static async Task<InboxClaim.Claimed> ClaimAsync(IInboxRepository repository, string eventId = "e-1") =>
        Assert.IsType<InboxClaim.Claimed>(await TryClaimAsync(repository, eventId));

    private protected static async Task<InboxClaim> TryClaimAsync(IInboxRepository repository, string eventId = "e-1") => Assert.Single(
        await repository.ClaimAsync("billing", [Sample.Message(eventId)], TimeSpan.FromMinutes(1), 5, Ct));
}
