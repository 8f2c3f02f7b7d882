using System.Diagnostics;
using Npgsql;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A relay that waits is woken by new rows, and finds them without being woken.</summary>
public sealed class PostgresOutboxSignalTests(PostgresServer server) : NotifiedOutboxSignalConformance
{
    private static readonly TimeSpan Never = TimeSpan.FromMinutes(10);

    private readonly RecordingLogger<PostgresOutboxSignal> _log = new();

    private PostgresOutboxHarness Own => (PostgresOutboxHarness)Store;

    private protected override async Task<OutboxHarness> CreateHarnessAsync() => await PostgresOutboxHarness.CreateAsync(server);

    private protected override IOutboxSignal CreateSignal() => Signal(Never);

    [Fact]
    public async Task Who_was_notified_does_not_ask_the_table_besides()
    {
        await using var dataSource = Own.Schema.Connect(settings => settings.ApplicationName = Own.Schema.Options.Schema);

        // It asks where the notification takes longer than it is waited for, as it may on a busy machine: not every time.
        await Eventually.TrueAsync(
            async () =>
            {
                await using var signal = new PostgresOutboxSignal(
                    new PostgresConnections(dataSource), Own.Schema.Options, new() { PollInterval = Never }, TimeProvider.System, _log);
                await signal.WaitAsync(Long, Ct);
                await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
                await InTimeAsync(signal.WaitAsync(Long, Ct));
                return await Own.Schema.ScalarAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'LISTEN %'", Own.Schema.Options.Schema) is 1L;
            },
            "a wait that a notification ended without asking");
    }

    [Fact]
    public async Task Another_tables_rows_end_nobodys_wait()
    {
        await using var other = await PostgresOutboxHarness.CreateAsync(server);
        await using var signal = await ListeningAsync(Never);
        var waiting = signal.WaitAsync(Long, Ct);
        await other.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await signalIsListening();
        Assert.False(waiting.IsCompleted);
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(waiting);

        // Both notifications go through one queue: when a third connection has the later one, the earlier was delivered.
        async Task signalIsListening()
        {
            await using var third = new PostgresOutboxSignal(
                new PostgresConnections(other.Schema.DataSource), other.Schema.Options, new() { PollInterval = Never }, TimeProvider.System, _log);
            await third.WaitAsync(Long, Ct);
            await other.Repository.FindOrCreateAsync(Sample.Event(), Ct);
            await InTimeAsync(third.WaitAsync(Long, Ct));
        }
    }

    [Fact]
    public async Task Without_notifications_a_row_is_found_by_asking()
    {
        await Own.Schema.ExecuteAsync("ALTER TABLE {{outbox}} DISABLE TRIGGER {{outbox:notify}}");
        await using var signal = await ListeningAsync(TimeSpan.FromMilliseconds(50));
        var waiting = signal.WaitAsync(Long, Ct);
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(waiting);
    }

    [Fact]
    public async Task The_wait_ends_when_a_row_becomes_due_and_when_a_lease_ends()
    {
        await using var signal = await ListeningAsync(Never);
        await Store.Repository.FindOrCreateAsync(Sample.Event("a") with { AvailableAt = Store.Now + TimeSpan.FromSeconds(1) }, Ct);
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(await Store.Repository.ClaimAsync(10, TimeSpan.FromSeconds(1), Ct));

        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(await Store.Repository.ClaimAsync(10, TimeSpan.FromSeconds(1), Ct));
    }

    [Fact]
    public async Task The_wait_is_no_longer_than_was_asked_for()
    {
        await using var signal = await ListeningAsync(Never);
        await InTimeAsync(signal.WaitAsync(TimeSpan.FromMilliseconds(50), Ct));
        await InTimeAsync(signal.WaitAsync(TimeSpan.Zero, Ct));
    }

    [Fact]
    public async Task A_row_that_is_due_and_cannot_be_claimed_does_not_make_the_wait_a_busy_loop()
    {
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await using var signal = await ListeningAsync(TimeSpan.FromMilliseconds(200));
        await signal.WaitAsync(Long, Ct);
        var elapsed = Stopwatch.StartNew();
        for (var i = 0; i < 3; i++)
        {
            await signal.WaitAsync(Long, Ct);
        }

        Assert.True(elapsed.Elapsed > TimeSpan.FromMilliseconds(500), $"three waits took {elapsed.Elapsed}");
    }

    [Fact]
    public async Task A_connection_that_was_ended_is_made_again_and_nothing_is_missed()
    {
        await using var dataSource = Own.Schema.Connect(settings => settings.ApplicationName = Own.Schema.Options.Schema);
        await using var signal = new PostgresOutboxSignal(
            new PostgresConnections(dataSource), Own.Schema.Options,
            new() { PollInterval = TimeSpan.FromMilliseconds(50) }, TimeProvider.System, _log);
        await signal.WaitAsync(Long, Ct);
        var waiting = signal.WaitAsync(Long, Ct);
        await Eventually.TrueAsync(
            async () => await Own.Schema.ScalarAsync(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1", Own.Schema.Options.Schema) is 1L,
            "the listening connection is ended");
        await InTimeAsync(waiting);
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Contains(_log.Lines, line => line.StartsWith("1402 ", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.StartsWith("1403 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_has_the_connection_next_does_not_listen()
    {
        await using var dataSource = Own.Schema.Connect(settings =>
        {
            settings.NoResetOnClose = true;
            settings.MaxPoolSize = 1;
        });
        await using (var signal = new PostgresOutboxSignal(
            new PostgresConnections(dataSource), Own.Schema.Options, new() { PollInterval = Never }, TimeProvider.System, _log))
        {
            await signal.WaitAsync(Long, Ct);
        }

        await using var command = dataSource.CreateCommand("SELECT count(*) FROM pg_listening_channels()");
        Assert.Equal(0L, await command.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task Where_the_server_cannot_be_reached_only_the_time_passes()
    {
        await using var dataSource = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=x;Timeout=2");
        await using var signal = new PostgresOutboxSignal(
            new PostgresConnections(dataSource), Own.Schema.Options,
            new() { PollInterval = TimeSpan.FromMilliseconds(20) }, TimeProvider.System, _log);
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Single(_log.Lines, line => line.StartsWith("1402 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_ends_and_the_next_one_works()
    {
        await using var signal = await ListeningAsync(Never);
        using var cancel = new CancellationTokenSource();
        var waiting = signal.WaitAsync(Long, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
        await InTimeAsync(signal.WaitAsync(Long, Ct));
    }

    private async Task<PostgresOutboxSignal> ListeningAsync(TimeSpan pollInterval)
    {
        var signal = Signal(pollInterval);
        await signal.WaitAsync(Long, Ct);
        return signal;
    }

    private PostgresOutboxSignal Signal(TimeSpan pollInterval) => new(
        new PostgresConnections(Own.Schema.DataSource), Own.Schema.Options, new() { PollInterval = pollInterval }, TimeProvider.System, _log);
}
