using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.KillProbe;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class MongoInboxKillTests(MongoDbServer server) : InboxKillConformance
{
    private const string Session = "session ";

    private MongoInboxHarness _store = null!;

    public static TheoryData<string> AllSteps { get; } =
    [
        "claim-not-sent", "claim-sent", "claim-answered", Steps.HandlerBegun, Steps.TransactionBegun, Steps.Written, Steps.Emitted,
        "counter-answered", "row-answered", "mark-sent", "mark-answered", "commit-not-sent", "commit-sent", "commit-answered", Steps.Consumed,
    ];

    private protected override InboxHarness Harness => _store;

    protected override (string Connection, string Schema) Place => (
        $"mongodb://127.0.0.1:{server.Client.Settings.Server.Port}/", _store.Database.Database.DatabaseNamespace.DatabaseName);

    protected override IEnumerable<string> StepsOnTheWire => MongoSteps.Wire.Keys;

    protected override IEnumerable<string> StepsOfTheTests => AllSteps.Select(row => row.Data);

    protected override IReadOnlyList<string> DeadlyAmongMany =>
        ["commit-sent", Steps.Emitted, "mark-answered", "claim-sent", "commit-answered", "commit-not-sent", "row-answered"];

    protected override int Messages => 40;

    // Handlers that hold transactions and emit under one key meet each other, and are tried again.
    protected override int MostDeliveries => 60;

    public override async ValueTask InitializeAsync()
    {
        _store = await MongoInboxHarness.CreateAsync(server, enlists: false);
        await _store.Database.Database.CreateCollectionAsync("kill_effects");
    }

    [Theory]
    [MemberData(nameof(AllSteps))]
    public Task An_effect_happens_once_wherever_the_process_is_killed(string step) => HappensOnceAsync(step);

    protected override Task<int> EffectsAsync(string eventId) => CountAsync("kill_effects", "event", eventId);

    protected override Task<int> EmittedAsync(string payload) => CountAsync("outbox", "payload", payload);

    // The server would end the transactions by itself, after a minute; the lease is longer.
    protected override async Task NothingIsUnderWayAsync(string output)
    {
        var sessions = output.Split('\n').Where(line => line.StartsWith(Session, StringComparison.Ordinal))
            .Select(line => new BsonDocument("id", new BsonBinaryData(Guid.Parse(line[Session.Length..].Trim()), GuidRepresentation.Standard)))
            .ToList();
        if (sessions.Count > 0)
        {
            await server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
                new BsonDocument("killSessions", new BsonArray(sessions)), cancellationToken: Ct);
        }
    }

    // They have no gaps.
    protected override async Task AssertNumbersAsync(int count)
    {
        var numbers = (await _store.Database.Raw("outbox").Find(new BsonDocument()).ToListAsync(Ct)).Select(row => row["orderNumber"].ToInt64());
        Assert.Equal(Enumerable.Range(1, count).Select(i => (long)i), numbers.Order());
    }

    private async Task<int> CountAsync(string collection, string field, string value) =>
        (int)await _store.Database.Raw(collection).CountDocumentsAsync(new BsonDocument(field, value), cancellationToken: Ct);
}
