using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Events;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Functions.Tests.Support;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Functions.Tests;

/// <summary>A sweep that waits is woken by the database, and does not only find rows because it looks often.</summary>
public sealed class SweepWakeTests(PostgresServer server) : IAsyncLifetime
{
    private readonly PostgresOptions _options = new() { Schema = PostgresServer.UniqueSchema() };
    private NpgsqlDataSource _dataSource = null!;

    public async ValueTask InitializeAsync()
    {
        _dataSource = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { ApplicationName = _options.Schema }.ConnectionString);
        await new PostgresMigrator(new PostgresConnections(_dataSource), _options, NullLogger<PostgresMigrator>.Instance).MigrateAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await _dataSource.DisposeAsync();
        await AskAsync($"DROP SCHEMA {_options.Schema} CASCADE");
    }

    [Fact]
    public async Task A_row_that_is_committed_while_the_sweep_is_idle_is_relayed_at_once_though_it_asks_only_every_ten_minutes()
    {
        using var stop = new CancellationTokenSource();
        var broker = new Broker();
        var sweep = Sweep(broker, TimeSpan.FromMinutes(10), stop.Token);

        for (var i = 1; i <= 2; i++)
        {
            await IdleAsync(sweep);
            await AskAsync($"INSERT INTO {_options.Schema}.outbox (event_id, subject, payload) VALUES ('e-{i}', 'orders.placed', '{{}}')");
            await Eventually.TrueAsync(() => broker.Count == i, $"row {i} is relayed", TimeSpan.FromSeconds(20));
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sweep);
    }

    [Fact]
    public async Task A_sweep_that_loses_its_database_relays_what_is_committed_when_it_is_back()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var source = NpgsqlDataSource.Create(own.ConnectionString);
        await new PostgresMigrator(new PostgresConnections(source), _options, NullLogger<PostgresMigrator>.Instance).MigrateAsync(default);
        using var stop = new CancellationTokenSource();
        var (broker, log) = (new Broker(), new RecordingLogger<SweepRelayFunction>());
        var sweep = Sweep(broker, TimeSpan.FromMilliseconds(100), stop.Token, source, log);

        await own.StopAtOnceAsync();
        await Eventually.TrueAsync(() => sweep.IsCompleted || Logged(2104) > 0, "the loss is noticed", TimeSpan.FromMinutes(1));
        await own.StartAgainAsync();
        await using (var insert = source.CreateCommand(
            $"INSERT INTO {_options.Schema}.outbox (event_id, subject, payload) VALUES ('e', 'orders.placed', '{{}}')"))
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    try
                    {
                        return await insert.ExecuteNonQueryAsync() == 1;
                    }
                    catch (NpgsqlException)
                    {
                        return false;
                    }
                },
                "the row is written");
        }

        // The broker has the row a moment before the sweep says that its store is back.
        await Eventually.TrueAsync(
            () => sweep.IsCompleted || (broker.Count == 1 && Logged(2105) > 0), "the row is relayed", TimeSpan.FromMinutes(1));
        Assert.Equal((1, 1, 1), (broker.Count, Logged(2104), Logged(2105)));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sweep);

        int Logged(int id) => log.Lines.Count(line => line.StartsWith($"{id} ", StringComparison.Ordinal));
    }

    /// <summary>The sweep's connection has asked whether something is due, and waits.</summary>
    private Task IdleAsync(Task sweep) => Eventually.TrueAsync(
        async () => sweep.IsCompleted || await AskAsync(
            $"""
            SELECT count(*) FROM pg_stat_activity
            WHERE application_name = '{_options.Schema}' AND state = 'idle' AND query LIKE 'SELECT %_await"($1)'
                AND NOT EXISTS (SELECT FROM {_options.Schema}.outbox WHERE status <> 'sent')
            """) is 1L,
        "the sweep is idle");

    private async Task<JobReport> Sweep(
        Broker broker, TimeSpan pollInterval, CancellationToken stop, NpgsqlDataSource? source = null, ILogger<SweepRelayFunction>? log = null)
    {
        var connections = new PostgresConnections(source ?? _dataSource);
        var repository = new PostgresOutboxRepository(connections, _options, TimeProvider.System, SystemEntropy.Instance);
        var relayOptions = new RelayOptions();
        var function = new SweepRelayFunction(
            new OutboxRelay(repository, broker, relayOptions, SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance),
            repository,
            relayOptions,
            new SweepOptions(TimeSpan.FromMinutes(10)),
            TimeProvider.System,
            new MetricsWriter("SweepRelay", "test", TimeProvider.System, new JsonLines(Stream.Null)),
            log ?? NullLogger<SweepRelayFunction>.Instance,
            new StoppedBy(
                stop,
                new PostgresOutboxSignal(
                    connections, _options, new() { PollInterval = pollInterval }, TimeProvider.System, NullLogger<PostgresOutboxSignal>.Instance)));
        return await function.HandleAsync(new ScheduleInput(null), new FakeLambdaContext(TimeSpan.FromMinutes(15)));
    }

    private async Task<object?> AskAsync(string sql)
    {
        await using var command = server.DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private sealed class Broker : IMessagePublisher
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            Interlocked.Add(ref _count, events.Count);
            return Task.FromResult<IReadOnlyList<PublishOutcome>>([.. events.Select(_ => PublishOutcome.Accepted)]);
        }
    }

    /// <summary>The real signal, which the test can end: an invocation cannot be called off.</summary>
    private sealed class StoppedBy(CancellationToken stop, PostgresOutboxSignal signal) : IOutboxSignal
    {
        public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
            await signal.WaitAsync(longest, either.Token);
        }

        public bool IsOutage(Exception exception) => signal.IsOutage(exception);

        public ValueTask DisposeAsync() => signal.DisposeAsync();
    }
}
