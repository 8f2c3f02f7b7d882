using Relaybox.Inbox;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>Tests of an inbox whose connections can be cut at a byte.</summary>
public abstract class SqlInboxThroughProxy : InboxClaims, IAsyncLifetime
{
    private SqlInboxHarness? _harness;

    /// <summary>The inbox itself, past the proxy.</summary>
    private protected SqlInboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    private protected WireProxy Proxy { get; private set; } = null!;

    /// <summary>The inbox through the proxy.</summary>
    private protected IInboxRepository Repository { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _harness = await CreateHarnessAsync();
        Proxy = _harness.CreateProxy();
        Repository = _harness.CreateRepository(Proxy);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }

        await Proxy.DisposeAsync();
    }

    private protected abstract Task<SqlInboxHarness> CreateHarnessAsync();
}
