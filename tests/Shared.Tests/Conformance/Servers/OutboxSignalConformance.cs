using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>A relay that waits goes on when there are rows.</summary>
public abstract class OutboxSignalConformance : IAsyncLifetime
{
    protected static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private OutboxHarness? _harness;

    private protected OutboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

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

    private protected abstract Task<OutboxHarness> CreateHarnessAsync();

    private protected abstract IOutboxSignal CreateSignal();

    [Fact]
    public async Task A_new_row_ends_the_wait()
    {
        await using var signal = await ListeningAsync();
        var waiting = signal.WaitAsync(Long, Ct);
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(waiting);
    }

    [Fact]
    public async Task A_row_that_came_before_the_wait_began_ends_it()
    {
        await using var signal = await ListeningAsync();
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(signal.WaitAsync(Long, Ct));
    }

    [Fact]
    public async Task A_row_that_becomes_due_ends_the_wait()
    {
        await Store.Repository.FindOrCreateAsync(Sample.Event() with { AvailableAt = Store.Now + TimeSpan.FromSeconds(1) }, Ct);
        await using var signal = await ListeningAsync();
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(await Store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
    }

    /// <summary>A signal that misses nothing from now on.</summary>
    private protected virtual Task<IOutboxSignal> ListeningAsync() => Task.FromResult(CreateSignal());

    /// <summary>Much less than the wait would be, and much more than a slow machine needs.</summary>
    protected static Task InTimeAsync(Task task) => task.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
}

/// <summary>The same where the server tells of new rows.</summary>
public abstract class NotifiedOutboxSignalConformance : OutboxSignalConformance
{
    [Fact]
    public async Task The_first_wait_returns_at_once_since_nobody_knows_what_came_before_it()
    {
        await using var signal = CreateSignal();
        await InTimeAsync(signal.WaitAsync(Long, Ct));
    }

    private protected override async Task<IOutboxSignal> ListeningAsync()
    {
        var signal = CreateSignal();
        await signal.WaitAsync(Long, Ct);
        return signal;
    }
}
