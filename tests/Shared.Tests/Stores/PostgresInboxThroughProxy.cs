using Npgsql;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Tests of an inbox whose connections can be cut at a byte.</summary>
/// <param name="server">The server.</param>
/// <param name="keepsSessions">Whether a session is not reset first: it would answer that before it comes to what is cut.</param>
public abstract class PostgresInboxThroughProxy(PostgresServer server, bool keepsSessions) : IAsyncLifetime
{
    private NpgsqlDataSource _throughProxy = null!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The inbox itself, past the proxy.</summary>
    private protected PostgresInboxHarness Store { get; private set; } = null!;

    protected PostgresProxy Proxy { get; private set; } = null!;

    /// <summary>The inbox through the proxy.</summary>
    private protected PostgresInboxRepository Repository { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Store = await PostgresInboxHarness.CreateAsync(server);
        Proxy = new PostgresProxy(server.Port);
        _throughProxy = Store.Schema.Connect(builder => (builder.Port, builder.NoResetOnClose) = (Proxy.Port, keepsSessions));
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
