using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A relay that waits is woken by new rows, and finds them without being woken.</summary>
public sealed class RedisOutboxSignalTests(RedisServer server) : NotifiedOutboxSignalConformance
{
    private readonly RecordingLogger<RedisOutboxSignal> _log = new();

    private RedisOutboxHarness Own => (RedisOutboxHarness)Store;

    private protected override async Task<OutboxHarness> CreateHarnessAsync() =>
        await RedisOutboxHarness.CreateAsync(server, new RedisOptions { Buckets = 3 });

    private protected override IOutboxSignal CreateSignal() =>
        new RedisOutboxSignal(new RedisConnections(server.Multiplexer), Own.Options, TimeProvider.System, _log);

    [Fact]
    public async Task A_row_that_nobody_announced_ends_the_wait()
    {
        await using var signal = await ListeningAsync();
        await Store.WriteAsync(new("e-1") { DueAt = Store.Now });
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(await Store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task Where_nothing_comes_the_whole_time_passes()
    {
        await using var signal = await ListeningAsync();
        var start = TimeProvider.System.GetTimestamp();
        await signal.WaitAsync(TimeSpan.FromMilliseconds(300), Ct);
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.FromMilliseconds(290), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task While_the_server_is_away_the_time_passes_and_that_is_said_once()
    {
        await using var own = await RedisServer.StartAsync();
        await using var multiplexer = await own.ConnectAsync();
        var store = await RedisOutboxHarness.CreateAsync(own);
        await using var signal = new RedisOutboxSignal(new RedisConnections(multiplexer), store.Options, TimeProvider.System, _log);
        await signal.WaitAsync(Long, Ct);
        await own.StopAtOnceAsync();

        await InTimeAsync(signal.WaitAsync(Long, Ct));
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(_log.Lines);

        await own.StartAgainAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                await signal.WaitAsync(TimeSpan.FromMilliseconds(10), Ct);
                return _log.Lines.Count == 2;
            },
            "the signal is restored");
        var waiting = signal.WaitAsync(Long, Ct);
        await store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(waiting);
    }
}
