using MySqlConnector;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Tests of an inbox whose connections can be cut at a byte.</summary>
public abstract class MySqlInboxThroughProxy(MySqlServer server) : IAsyncLifetime
{
    private MySqlDataSource _throughProxy = null!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The inbox itself, past the proxy.</summary>
    private protected MySqlInboxHarness Store { get; private set; } = null!;

    protected WireProxy Proxy { get; private set; } = null!;

    /// <summary>The inbox through the proxy.</summary>
    private protected MySqlInboxRepository Repository { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Store = await MySqlInboxHarness.CreateAsync(server);
        Proxy = new WireProxy(server.Port);

        // What is on the wire can be read there.
        _throughProxy = Store.Schema.Connect(builder => (builder.Port, builder.SslMode) = ((uint)Proxy.Port, MySqlSslMode.None));
        Repository = Store.CreateRepository(_throughProxy);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _throughProxy.DisposeAsync();
        await Proxy.DisposeAsync();
        await Store.DisposeAsync();
    }

    private protected static async Task<InboxClaim.Claimed> ClaimAsync(IInboxRepository repository, string eventId = "e-1") =>
        Assert.IsType<InboxClaim.Claimed>(await TryClaimAsync(repository, eventId));

    private protected static async Task<InboxClaim> TryClaimAsync(IInboxRepository repository, string eventId = "e-1") => Assert.Single(
        await repository.ClaimAsync("billing", [Sample.Message(eventId)], TimeSpan.FromMinutes(1), 5, Ct));
}
