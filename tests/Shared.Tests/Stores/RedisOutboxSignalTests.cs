using Relaybox.Redis;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A relay that waits is woken by new rows, and finds them without being woken.</summary>
public sealed class RedisOutboxSignalTests(RedisServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private readonly RecordingLogger<RedisOutboxSignal> _log = new();
    private RedisOutboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await RedisOutboxHarness.CreateAsync(server, new RedisOptions { Buckets = 3 });

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_first_wait_returns_at_once_since_nobody_knows_what_came_before_it()
    {
        await using var signal = Signal();
        await InTimeAsync(signal.WaitAsync(Long, Ct));
    }

    [Fact]
    public async Task A_new_row_ends_the_wait()
    {
        await using var signal = await ListeningAsync();
        var waiting = signal.WaitAsync(Long, Ct);
        await _store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(waiting);
    }

    [Fact]
    public async Task A_row_that_came_before_the_wait_began_ends_it()
    {
        await using var signal = await ListeningAsync();
        await _store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(signal.WaitAsync(Long, Ct));
    }

    [Fact]
    public async Task A_row_that_nobody_announced_ends_the_wait()
    {
        await using var signal = await ListeningAsync();
        await _store.WriteAsync(new("e-1") { DueAt = _store.Now });
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task A_row_that_becomes_due_ends_the_wait()
    {
        await _store.Repository.FindOrCreateAsync(Sample.Event() with { AvailableAt = _store.Now + TimeSpan.FromSeconds(1.5) }, Ct);
        await using var signal = await ListeningAsync();
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
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
        var store = await RedisOutboxHarness.CreateAsync(own);
        await using var signal = new RedisOutboxSignal(new RedisConnections(own.Multiplexer), store.Options, TimeProvider.System, _log);
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

    private RedisOutboxSignal Signal() => new(new RedisConnections(server.Multiplexer), _store.Options, TimeProvider.System, _log);

    private async Task<RedisOutboxSignal> ListeningAsync()
    {
        var signal = Signal();
        await signal.WaitAsync(Long, Ct);
        return signal;
    }

    // Much less than the wait would be, and much more than a slow machine needs.
    private static Task InTimeAsync(Task task) => task.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
}
