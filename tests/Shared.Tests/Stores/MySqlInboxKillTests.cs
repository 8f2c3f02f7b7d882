using Relaybox.KillProbe;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class MySqlInboxKillTests(MySqlServer server) : InboxKillConformance
{
    private MySqlInboxHarness _store = null!;

    public static TheoryData<string> AllSteps { get; } =
    [
        "claim-not-sent", "claim-sent", "claim-answered", Steps.HandlerBegun, Steps.TransactionBegun, Steps.Written, Steps.Emitted,
        "commit-not-sent", "commit-sent", "commit-answered", Steps.Consumed,
    ];

    private protected override InboxHarness Harness => _store;

    protected override (string Connection, string Schema) Place => (
        $"mysql:{server.ConnectionString};Database={_store.Schema.Options.Schema}", $"{_store.Schema.Options.Schema}|{_store.Schema.Options.Now}");

    protected override IEnumerable<string> StepsOnTheWire => MySqlSteps.Wire.Keys;

    protected override IEnumerable<string> StepsOfTheTests => AllSteps.Select(row => row.Data);

    public override async ValueTask InitializeAsync()
    {
        _store = await MySqlInboxHarness.CreateAsync(server);
        await _store.Schema.ExecuteAsync("CREATE TABLE {{schema}}.kill_effects (event_id VARCHAR(255) NOT NULL) ENGINE = InnoDB");
    }

    [Theory]
    [MemberData(nameof(AllSteps))]
    public Task An_effect_happens_once_wherever_the_process_is_killed(string step) => HappensOnceAsync(step);

    protected override Task<int> EffectsAsync(string eventId) =>
        CountAsync("SELECT COUNT(*) FROM {{schema}}.kill_effects WHERE event_id = ?", eventId);

    protected override Task<int> EmittedAsync(string payload) => CountAsync("SELECT COUNT(*) FROM {{outbox}} WHERE payload = ?", payload);

    // What the server has of the dead process it ends by itself, and a commit that it has goes through.
    protected override Task NothingIsUnderWayAsync(string output) => Eventually.TrueAsync(
        async () => await CountAsync("SELECT COUNT(*) FROM information_schema.processlist WHERE db = ?", _store.Schema.Options.Schema) == 0,
        "the dead process's connections are gone");

    private async Task<int> CountAsync(string sql, string value) => (int)(long)(await _store.Schema.ScalarAsync(sql, value))!;
}
