using System.Data;
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
                var asked = await LastAsync();
                await Store.Repository.FindOrCreateAsync(Sample.Event(), Ct);
                await InTimeAsync(signal.WaitAsync(Long, Ct));
                return Equals(asked, await LastAsync());
            },
            "a wait that a notification ended without asking");

        // When the session's last statement began.
        Task<object?> LastAsync() => Own.Schema.ScalarAsync(
            "SELECT max(query_start) FROM pg_stat_activity WHERE application_name = $1", Own.Schema.Options.Schema);
    }

    [Fact]
    public async Task Writers_notify_only_while_a_relay_sleeps()
    {
        await using var ear = await PostgresEar.OpenAsync(Own.Schema, Ct);
        await WriteAsync("before");
        Assert.False(await ear.HasHeardAsync(Ct));
        await using (await ListeningAsync(Never))
        {
            await WriteAsync("asleep");
            Assert.True(await ear.HasHeardAsync(Ct));
        }

        // Another may sleep, so that what it has announced ends with its time.
        await WriteAsync("after");
        Assert.True(await ear.HasHeardAsync(Ct));
        await Own.Schema.ScalarAsync("SELECT setval('{{outbox.awaited_until}}', last_value - 30000) FROM {{outbox.awaited_until}}");
        await WriteAsync("later");
        Assert.False(await ear.HasHeardAsync(Ct));
    }

    [Fact]
    public async Task While_rows_come_faster_than_the_relay_works_nobody_notifies_until_it_sleeps_again()
    {
        await using var ear = await PostgresEar.OpenAsync(Own.Schema, Ct);
        await using var signal = await ListeningAsync(Never);

        // On a busy machine the notification may reach the relay too late to count.
        await Eventually.TrueAsync(
            async () =>
            {
                await WriteAsync(Guid.NewGuid().ToString());
                await ear.HasHeardAsync(Ct);
                await InTimeAsync(signal.WaitAsync(Long, Ct));
                await signal.WaitAsync(TimeSpan.Zero, Ct);
                return await AwaitedUntilAsync() == 0;
            },
            "the announcement ends");
        await WriteAsync("busy");
        Assert.False(await ear.HasHeardAsync(Ct));

        // Its caller has found rows, and looks on before it sleeps.
        signal.FoundRows();
        await InTimeAsync(signal.WaitAsync(Long, Ct));
        Assert.Equal(0, await AwaitedUntilAsync());

        // And here it has found none.
        await Own.Schema.ExecuteAsync("UPDATE {{outbox}} SET status = 'sent'");
        await InTimeAsync(signal.WaitAsync(TimeSpan.FromMilliseconds(50), Ct));
        Assert.NotEqual(0, await AwaitedUntilAsync());
        await WriteAsync("asleep again");
        Assert.True(await ear.HasHeardAsync(Ct));
    }

    [Theory]
    [InlineData(IsolationLevel.ReadCommitted)]
    [InlineData(IsolationLevel.Serializable)]
    public async Task A_transaction_that_began_before_the_relay_fell_asleep_and_inserts_after_it_notifies(IsolationLevel isolation)
    {
        await using var connection = await Own.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(isolation, Ct);
        await using (var look = new NpgsqlCommand("SELECT count(*) FROM pg_class", connection, transaction))
        {
            await look.ExecuteScalarAsync(Ct);
        }

        await using var ear = await PostgresEar.OpenAsync(Own.Schema, Ct);
        await using var signal = await ListeningAsync(Never);
        await WriteAsync("a", connection, transaction);
        await transaction.CommitAsync(Ct);
        Assert.True(await ear.HasHeardAsync(Ct));
    }

    [Fact]
    public async Task A_row_whose_transaction_was_open_when_the_relay_fell_asleep_is_found_by_asking_soon()
    {
        await using var connection = await Own.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await WriteAsync("a", connection, transaction);
        await using var ear = await PostgresEar.OpenAsync(Own.Schema, Ct);
        await using var signal = await ListeningAsync(Never);
        var waiting = signal.WaitAsync(Long, Ct);
        await transaction.CommitAsync(Ct);
        await InTimeAsync(waiting);
        Assert.False(await ear.HasHeardAsync(Ct));
    }

    [Fact]
    public async Task A_relay_that_sleeps_writes_its_announcement_again_only_when_half_of_its_time_is_over()
    {
        Assert.Equal(TimeSpan.FromDays(1).TotalSeconds, await AwaitAsync(30_000));
        var first = await AwaitedUntilAsync();
        await AwaitAsync(30_000);
        Assert.Equal(first, await AwaitedUntilAsync());
        await Own.Schema.ScalarAsync("SELECT setval('{{outbox.awaited_until}}', $1)", first - 20_000);
        await AwaitAsync(30_000);
        Assert.True(await AwaitedUntilAsync() >= first, "it was not written again");

        // Another clock, as after a failover.
        await Own.Schema.ScalarAsync("SELECT setval('{{outbox.awaited_until}}', $1)", first + 3_600_000);
        await AwaitAsync(30_000);
        Assert.InRange(await AwaitedUntilAsync(), first, first + 600_000);
        Assert.Equal(DBNull.Value, await AwaitAsync(0));
        Assert.Equal(0, await AwaitedUntilAsync());

        Task<object?> AwaitAsync(long milliseconds) => Own.Schema.ScalarAsync("SELECT {{outbox.await}}($1)", milliseconds);
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
        var elapsed = Stopwatch.StartNew();
        var waits = 0;
        while (elapsed.Elapsed < TimeSpan.FromSeconds(2))
        {
            await signal.WaitAsync(Long, Ct);
            waits++;
        }

        // A few soon after it fell asleep, and then five in a second at most.
        Assert.InRange(waits, 1, 20);
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

    private async Task<long> AwaitedUntilAsync() => (long)(await Own.Schema.ScalarAsync("SELECT last_value FROM {{outbox.awaited_until}}"))!;

    private Task WriteAsync(string eventId) =>
        Own.Schema.ExecuteAsync($"INSERT INTO {{{{outbox}}}} (event_id, subject, payload) VALUES ('{eventId}', 's', '{{}}')");

    private async Task WriteAsync(string eventId, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        await using var insert = new NpgsqlCommand(
            Own.Schema.Fill($"INSERT INTO {{{{outbox}}}} (event_id, subject, payload) VALUES ('{eventId}', 's', '{{}}')"), connection, transaction);
        await insert.ExecuteNonQueryAsync(Ct);
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
