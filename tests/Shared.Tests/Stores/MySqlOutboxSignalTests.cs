using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A relay that waits finds new rows by polling, and less often the longer there are none.</summary>
public sealed class MySqlOutboxSignalTests(MySqlServer server) : OutboxSignalConformance
{
    private readonly RecordingLogger<MySqlOutboxSignal> _log = new();

    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MySqlOutboxHarness.CreateAsync(server);

    private protected override IOutboxSignal CreateSignal() => Signal((MySqlOutboxHarness)Store);

    private MySqlOutboxSignal Signal(MySqlOutboxHarness store, TimeProvider? time = null) =>
        new(new MySqlConnections(store.Schema.DataSource), store.Schema.Options, time ?? TimeProvider.System, _log);

    [Fact]
    public async Task A_lease_that_ends_ends_the_wait()
    {
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        Assert.Single(await Store.Repository.ClaimAsync(10, TimeSpan.FromSeconds(1.5), Ct));
        await using var signal = CreateSignal();
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(await Store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task An_idle_table_is_asked_twice_a_second_at_most_once_it_has_been_idle()
    {
        var clock = new WatchedTimeProvider();
        await using var signal = Signal((MySqlOutboxHarness)Store, clock);
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
}
