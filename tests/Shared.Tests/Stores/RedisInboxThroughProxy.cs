using Relaybox.Inbox;
using Relaybox.Redis;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Tests of an inbox whose connections can be cut at a call.</summary>
/// <param name="server">The server.</param>
public abstract class RedisInboxThroughProxy(RedisServer server) : RedisInboxTest(server)
{
    /// <summary>What is in every call about the record of a message.</summary>
    protected static string Record(string eventId) => $":inbox:billing:{eventId}";

    /// <summary>What is in the commit alone, of all calls: the key of its effect.</summary>
    protected string Commit => Key("a");

    private ConnectionMultiplexer _throughProxy = null!;

    protected WireProxy Proxy { get; private set; } = null!;

    /// <summary>The inbox through the proxy.</summary>
    private protected RedisInboxRepository Repository { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Proxy = new WireProxy(Server.Port);
        _throughProxy = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{Proxy.Port},abortConnect=false");
        Repository = Store.CreateRepository(_throughProxy);
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _throughProxy.DisposeAsync();
        await Proxy.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Cuts the connection, once, when the server has executed a call and before the client has the answer.</summary>
    protected void LoseAnswerOnce(string text, Func<Task<bool>> isExecuted) => Proxy.Once(text, WireProxy.Moment.Answered, async wire =>
    {
        await Eventually.TrueAsync(isExecuted, "the server has executed it");
        wire.Cut();
    });
}
