namespace Relaybox.Shared.Tests.Conformance;

/// <summary>Tests that each have an inbox of their own, whatever its store: derive, and make a harness.</summary>
public abstract class InboxConformance : IAsyncLifetime
{
    private InboxHarness? _harness;

    private protected InboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _harness = await CreateHarnessAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }
    }

    private protected abstract Task<InboxHarness> CreateHarnessAsync();
}
