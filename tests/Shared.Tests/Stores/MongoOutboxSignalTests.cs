using MongoDB.Bson;
using Relaybox.MongoDb;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A relay that waits is woken by new rows, and finds them without being woken.</summary>
public sealed class MongoOutboxSignalTests(MongoDbServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private readonly RecordingLogger<MongoOutboxSignal> _log = new();
    private MongoOutboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await MongoOutboxHarness.CreateAsync(server);

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
    public async Task A_row_that_becomes_due_ends_the_wait()
    {
        await _store.Repository.FindOrCreateAsync(Sample.Event() with { AvailableAt = _store.Now + TimeSpan.FromSeconds(1.5) }, Ct);
        await using var signal = await ListeningAsync();
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
    }

    [Theory]
    [InlineData(40573)]
    [InlineData(286)]
    [InlineData(13)]
    public async Task Where_there_is_no_change_stream_the_collection_is_asked_and_that_is_said_once(int code)
    {
        await using var failing = await MongoFailPoint.TakeTurnAsync(server);
        await failing.SetAsync("alwaysOn", new BsonDocument("errorCode", code), "aggregate");
        await using var signal = new MongoOutboxSignal(
            _store.Database.Connect(failing.Client.GetDatabase(_store.Database.Database.DatabaseNamespace.DatabaseName)), TimeProvider.System, _log);

        await InTimeAsync(signal.WaitAsync(Long, Ct));
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(_log.Lines);

        await failing.EndAsync();
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Equal(2, _log.Lines.Count);
    }

    [Fact]
    public async Task A_stream_whose_history_is_lost_is_opened_anew()
    {
        await using var failing = await MongoFailPoint.TakeTurnAsync(server);
        await using var signal = new MongoOutboxSignal(
            _store.Database.Connect(failing.Client.GetDatabase(_store.Database.Database.DatabaseNamespace.DatabaseName)), TimeProvider.System, _log);
        await signal.WaitAsync(Long, Ct);
        await failing.SetAsync(
            MongoFailPoint.Times(1),
            new BsonDocument { { "errorCode", 286 }, { "errorLabels", new BsonArray { "NonResumableChangeStreamError" } } },
            "getMore");

        await InTimeAsync(signal.WaitAsync(Long, Ct));
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        var waiting = signal.WaitAsync(Long, Ct);
        await _store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(waiting);
    }

    private MongoOutboxSignal Signal() => new(_store.Database.Connect(), TimeProvider.System, _log);

    private async Task<MongoOutboxSignal> ListeningAsync()
    {
        var signal = Signal();
        await signal.WaitAsync(Long, Ct);
        return signal;
    }

    // Much less than the wait would be, and much more than a slow machine needs.
    private static Task InTimeAsync(Task task) => task.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
}
