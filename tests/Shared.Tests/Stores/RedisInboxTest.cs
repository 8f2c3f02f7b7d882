using Relaybox.Inbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Tests of an inbox of its own, whose effects are counted in keys beside it.</summary>
/// <param name="server">The server.</param>
public abstract class RedisInboxTest(RedisServer server) : InboxClaims, IAsyncLifetime
{
    protected RedisServer Server => server;

    private protected RedisInboxHarness Store { get; private set; } = null!;

    protected IDatabase Database => Store.Keys.Database;

    /// <summary>The hash tag of the message <c>e-1</c>.</summary>
    protected string Tag => Store.Keys.TagOf("e-1");

    protected virtual int Buckets => 1;

    public virtual async ValueTask InitializeAsync() => Store = await RedisInboxHarness.CreateAsync(server, Buckets);

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Store.DisposeAsync();
    }

    protected string Key(string name) => RedisInboxHarness.EffectOf(Tag, name);

    private protected Task<InboxClaim.Claimed> ClaimAsync(string eventId = "e-1") => ClaimAsync(Store.Repository, eventId);
}
