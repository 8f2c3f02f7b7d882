using Relaybox.MySql;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A relay that waits finds new rows by polling, and less often the longer there are none.</summary>
public sealed class MySqlOutboxSignalTests(MySqlServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private readonly RecordingLogger<MySqlOutboxSignal> _log = new();
    private MySqlOutboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await MySqlOutboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_new_row_ends_the_wait()
    {
        var waiting = Signal().WaitAsync(Long, Ct);
        await _store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(waiting);
    }

    [Fact]
    public async Task A_row_that_came_before_the_wait_began_ends_it()
    {
        await _store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(Signal().WaitAsync(Long, Ct));
    }

    [Fact]
    public async Task A_row_that_becomes_due_ends_the_wait()
    {
        await _store.Repository.FindOrCreateAsync(Sample.Event() with { AvailableAt = _store.Now + TimeSpan.FromSeconds(1.5) }, Ct);
        await InTimeAsync(Signal().WaitAsync(Long, Ct));
        Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task A_lease_that_ends_ends_the_wait()
    {
        await _store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromSeconds(1.5), Ct));
        await InTimeAsync(Signal().WaitAsync(Long, Ct));
        Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task An_idle_table_is_asked_twice_a_second_at_most_once_it_has_been_idle()
    {
        var clock = new WatchedTimeProvider();
        await using var signal = new MySqlOutboxSignal(new MySqlConnections(_store.Schema.DataSource), _store.Schema.Options, clock, _log);
        await clock.AdvanceUntilEndAsync(signal.WaitAsync(TimeSpan.FromMinutes(1), Ct));

        TimeSpan[] waits = [.. clock.DueTimes];
        Assert.Equal(TimeSpan.FromMilliseconds(10), waits[0]);
        Assert.Equal(TimeSpan.FromMilliseconds(500), waits.Max());
        Assert.InRange(waits.Length, 120, 140);
    }

    [Fact]
    public async Task Where_the_server_is_away_only_the_time_passes_and_that_is_said_once()
    {
        await using var own = await MySqlServer.StartAsync();
        await using var store = await MySqlOutboxHarness.CreateAsync(own);
        await using var signal = Signal(store);
        await own.StopAtOnceAsync();
        await InTimeAsync(signal.WaitAsync(TimeSpan.FromSeconds(1), Ct));
        Assert.Single(_log.Lines);

        await own.StartAgainAsync();
        await store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Equal(2, _log.Lines.Count);
    }

    private MySqlOutboxSignal Signal(MySqlOutboxHarness? store = null) => new(
        new MySqlConnections((store ?? _store).Schema.DataSource), (store ?? _store).Schema.Options, TimeProvider.System, _log);

    // Much less than the wait would be, and much more than a slow machine needs.
    private static Task InTimeAsync(Task task) => task.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
}
