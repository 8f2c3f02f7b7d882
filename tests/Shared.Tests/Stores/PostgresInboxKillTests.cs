using Relaybox.KillProbe;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

public sealed class PostgresInboxKillTests(PostgresServer server) : InboxKillConformance
{
    private PostgresInboxHarness _store = null!;

    public static TheoryData<string> AllSteps { get; } =
    [
        "claim-not-sent", "claim-sent", "claim-answered", Steps.HandlerBegun, Steps.TransactionBegun, Steps.Written, Steps.Emitted,
        "commit-not-sent", "commit-sent", "commit-answered", Steps.Consumed,
    ];

    private protected override InboxHarness Harness => _store;

    protected override (string Connection, string Schema) Place => (
        $"{server.ConnectionString};Search Path={_store.Schema.Options.Schema},pg_catalog;Application Name={Name}", _store.Schema.Options.Schema);

    protected override IEnumerable<string> StepsOnTheWire => Steps.Wire.Keys;

    protected override IEnumerable<string> StepsOfTheTests => AllSteps.Select(row => row.Data);

    private string Name => $"probe-{_store.Schema.Options.Schema}";

    public override async ValueTask InitializeAsync()
    {
        _store = await PostgresInboxHarness.CreateAsync(server);
        await _store.Schema.ExecuteAsync("CREATE TABLE {{schema}}.kill_effects (event_id text NOT NULL)");
    }

    [Theory]
    [MemberData(nameof(AllSteps))]
    public Task An_effect_happens_once_wherever_the_process_is_killed(string step) => HappensOnceAsync(step);

    protected override Task<int> EffectsAsync(string eventId) =>
        CountAsync("SELECT count(*) FROM {{schema}}.kill_effects WHERE event_id = $1", eventId);

    protected override Task<int> EmittedAsync(string payload) => CountAsync("SELECT count(*) FROM {{outbox}} WHERE payload = $1", payload);

    // What the server has of the dead process it ends by itself, and a commit that it has goes through.
    protected override Task NothingIsUnderWayAsync(string output) => Eventually.TrueAsync(
        async () => await CountAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", Name) == 0,
        "the dead process's connections are gone");

    private async Task<int> CountAsync(string sql, string value) => (int)(long)(await _store.Schema.ScalarAsync(sql, value))!;
}
