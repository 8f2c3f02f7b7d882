using Relaybox.KillProbe;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class RedisInboxKillTests(RedisServer server) : InboxKillConformance
{
    private const int Buckets = 2;

    private RedisInboxHarness _store = null!;

    public static TheoryData<string> AllSteps { get; } =
    [
        "claim-not-sent", "claim-sent", "claim-answered", Steps.HandlerBegun, Steps.Written, Steps.Emitted,
        "commit-not-sent", "commit-sent", "commit-answered", Steps.Consumed,
    ];

    private protected override InboxHarness Harness => _store;

    protected override (string Connection, string Schema) Place => ($"redis:{server.Port}", $"{_store.Keys.Options.KeyPrefix}/{Buckets}");

    protected override IEnumerable<string> StepsOnTheWire => RedisSteps.Wire.Keys;

    protected override IEnumerable<string> StepsOfTheTests => AllSteps.Select(row => row.Data);

    // It can be that of the script's loading.
    protected override bool AnswersBeforeItClaims => true;

    public override async ValueTask InitializeAsync() => _store = await RedisInboxHarness.CreateAsync(server, Buckets);

    [Theory]
    [MemberData(nameof(AllSteps))]
    public Task An_effect_happens_once_wherever_the_process_is_killed(string step) => HappensOnceAsync(step);

    protected override async Task<int> EffectsAsync(string eventId) =>
        (int)await _store.Keys.Database.StringGetAsync($"kill_effects:{_store.Keys.TagOf(eventId)}:{eventId}");

    protected override async Task<int> EmittedAsync(string payload) =>
        (await _store.Outbox.FindPendingAsync(1000, Ct)).Count(row => row.Event.Payload == payload);

    // What the server has of the dead process it executes before it answers this.
    protected override Task NothingIsUnderWayAsync(string output) => Eventually.TrueAsync(
        async () => (await server.Multiplexer.GetServers()[0].ClientListAsync()).All(client => client.Name != RedisSteps.ClientName),
        "the dead process's connections are gone");
}
