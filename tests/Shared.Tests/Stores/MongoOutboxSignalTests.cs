using MongoDB.Bson;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A relay that waits is woken by new rows, and finds them without being woken.</summary>
public sealed class MongoOutboxSignalTests(MongoDbServer server) : NotifiedOutboxSignalConformance
{
    private readonly RecordingLogger<MongoOutboxSignal> _log = new();

    private MongoOutboxHarness Own => (MongoOutboxHarness)Store;

    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await MongoOutboxHarness.CreateAsync(server);

    private protected override IOutboxSignal CreateSignal() => new MongoOutboxSignal(Own.Database.Connect(), TimeProvider.System, _log);

    [Theory]
    [InlineData(40573)]
    [InlineData(286)]
    [InlineData(13)]
    public async Task Where_there_is_no_change_stream_the_collection_is_asked_and_that_is_said_once(int code)
    {
        await using var failing = await MongoFailPoint.TakeTurnAsync(server);
        await failing.SetAsync("alwaysOn", new BsonDocument("errorCode", code), "aggregate");
        await using var signal = new MongoOutboxSignal(
            Own.Database.Connect(failing.Client.GetDatabase(Own.Database.Database.DatabaseNamespace.DatabaseName)), TimeProvider.System, _log);

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
            Own.Database.Connect(failing.Client.GetDatabase(Own.Database.Database.DatabaseNamespace.DatabaseName)), TimeProvider.System, _log);
        await signal.WaitAsync(Long, Ct);
        await failing.SetAsync(
            MongoFailPoint.Times(1),
            new BsonDocument { { "errorCode", 286 }, { "errorLabels", new BsonArray { "NonResumableChangeStreamError" } } },
            "getMore");

        await InTimeAsync(signal.WaitAsync(Long, Ct));
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        var waiting = signal.WaitAsync(Long, Ct);
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(waiting);
    }
}
