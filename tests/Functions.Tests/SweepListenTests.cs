using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Events;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Functions.Tests.Hostile;
using Relaybox.Functions.Tests.Support;
using Relaybox.Maintenance;
using Relaybox.Messaging.Formats;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Outbox;
using Relaybox.Sqs;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Functions.Tests;

/// <summary>A sweep that waits for new rows keeps a connection, and gives it back however it ends.</summary>
public sealed class SweepListenTests(PostgresServer server) : IAsyncDisposable
{
    private readonly FakeOutbox _outbox = new();
    private readonly MemorySqs _sqs = new();
    private readonly PostgresOptions _options = new() { Schema = "sweep_listen" };

    // With one connection alone, whoever keeps it is found out.
    private readonly NpgsqlDataSource _database = NpgsqlDataSource.Create(server.ConnectionString + ";Maximum Pool Size=1;Timeout=3");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_drain_that_fails_while_it_listens_gives_the_connection_back()
    {
        await new PostgresMigrator(new PostgresConnections(_database), _options, NullLogger<PostgresMigrator>.Instance).MigrateAsync(Ct);
        var sawItTaken = false;
        _outbox.BeforeClaim = async number =>
        {
            if (number == 2)
            {
                sawItTaken = await IsTakenAsync();
                throw new InvalidOperationException("The second drain fails.");
            }
        };

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => Sweep().HandleAsync(
            new ScheduleInput("sweep"), new FakeLambdaContext(TimeSpan.FromSeconds(30))));

        Assert.Equal("The second drain fails.", failure.Message);
        Assert.True(sawItTaken);
        Assert.False(await IsTakenAsync());
    }

    [Fact]
    public async Task A_drain_that_fails_while_it_listens_leaves_nothing_untold_of_those_before_it()
    {
        using var lines = new MemoryStream();
        EnqueueRow();
        _outbox.BeforeClaim = number => _outbox.Batches.Count == 0 && number > 2
            ? Task.FromException(new InvalidOperationException("A later drain fails."))
            : Task.CompletedTask;

        await Assert.ThrowsAsync<InvalidOperationException>(() => Sweep(lines).HandleAsync(
            new ScheduleInput("sweep"), new FakeLambdaContext(TimeSpan.FromSeconds(30))));

        Assert.Contains("\"RowsSent\":1,", Encoding.UTF8.GetString(lines.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_relayed_is_told_within_a_second_although_nothing_wakes_the_sweep_any_more()
    {
        using var lines = new MemoryStream();
        var signal = new RecordingSignal(() => lines.Length);
        EnqueueRow();

        await Assert.ThrowsAsync<TimeoutException>(() => Sweep(lines, signal).HandleAsync(
            new ScheduleInput("sweep"), new FakeLambdaContext(TimeSpan.FromSeconds(30))));

        // Not written yet, and waited for no longer than until it is; then as long as there is time.
        Assert.Equal(0, signal.Waits[0].Written);
        Assert.InRange(signal.Waits[0].Longest, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.True(signal.Waits[^1].Written > 0);
        Assert.True(signal.Waits[^1].Longest > TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_store_that_is_still_away_when_the_run_ends_fails_it()
    {
        _outbox.BeforeClaim = _ => Task.FromException(new TimeoutException("The store is away."));

        var failure = await Assert.ThrowsAsync<TimeoutException>(() => Sweep().HandleAsync(
            new ScheduleInput("sweep"), new FakeLambdaContext(TimeSpan.FromSeconds(10))));

        Assert.Equal("The store is away.", failure.Message);
        Assert.True(_outbox.Claims > 1);
        Assert.False(await IsTakenAsync());
    }

    [Fact]
    public async Task A_sweep_that_listens_ends_once_the_relay_is_paused()
    {
        var jobs = new PausedOnceAsked();
        _outbox.OldestDueAge = TimeSpan.Zero;
        _outbox.BeforeClaim = number =>
        {
            jobs.IsPaused |= number == 3;
            return Task.CompletedTask;
        };
        var watch = new PauseWatch(new PauseStore(jobs), TimeProvider.System, NullLogger<PauseWatch>.Instance);

        // Without the pause it would listen for an hour.
        var report = await Sweep(signal: new RestlessSignal(), pauses: watch, listen: TimeSpan.FromHours(1))
            .HandleAsync(new ScheduleInput("sweep"), new FakeLambdaContext(TimeSpan.FromHours(2)))
            .WaitAsync(TimeSpan.FromMinutes(3), Ct);

        Assert.Equal("sweep", report.Job);
        Assert.True(_outbox.Claims >= 3);
    }

    public async ValueTask DisposeAsync()
    {
        _sqs.Dispose();
        await _database.DisposeAsync();
    }

    private async Task<bool> IsTakenAsync()
    {
        try
        {
            await using var connection = await _database.OpenConnectionAsync(Ct);
            return false;
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            return true;
        }
    }

    private void EnqueueRow() => _outbox.Batches.Enqueue(
        [new OutboxClaim("a", new ClaimToken("t"), 0) { Event = new OutboxEvent { EventId = "a", Subject = "orders.placed", Payload = "{}" } }]);

    private SweepRelayFunction Sweep(
        Stream? lines = null, IOutboxSignal? signal = null, PauseWatch? pauses = null, TimeSpan? listen = null)
    {
        var publisher = new SqsMessagePublisher(
            _sqs, MessageFormats.Get("envelope"), new SqsPublisherOptions { QueueUrl = "http://127.0.0.1/1/q" },
            TimeProvider.System, NullLogger<SqsMessagePublisher>.Instance);
        var options = new RelayOptions();
        return new SweepRelayFunction(
            new OutboxRelay(_outbox, publisher, options, SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance),
            _outbox,
            options,
            new SweepOptions(listen ?? TimeSpan.FromSeconds(20)),
            TimeProvider.System,
            new MetricsWriter("test", "test", TimeProvider.System, new JsonLines(lines ?? Stream.Null)),
            NullLogger<SweepRelayFunction>.Instance,
            signal ?? new PostgresOutboxSignal(
                new PostgresConnections(_database), _options, new PostgresSignalOptions(),
                TimeProvider.System, NullLogger<PostgresOutboxSignal>.Instance),
            pauses);
    }

    /// <summary>Says that the relay is paused, from when it is told so.</summary>
    private sealed class PausedOnceAsked : IJobStore
    {
        private const string Pause = """{"part":"relay","since":"2026-01-01T00:00:00+00:00","caller":"me","reason":"a test"}""";

        public volatile bool IsPaused;

        public Task<JobRecord?> FindAsync(string job, CancellationToken cancellationToken) =>
            Task.FromResult(IsPaused && job == "pause/relay" ? new JobRecord(job, Pause) : null);

        public Task<JobLease?> TryAcquireAsync(string job, TimeSpan lease, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> SaveAsync(JobLease lease, string? cursor, TimeSpan duration, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> DeleteAsync(JobLease lease, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<JobRecord>> ListAsync(string prefix, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    /// <summary>Wakes again and again.</summary>
    private sealed class RestlessSignal : IOutboxSignal
    {
        public Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken) =>
            Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Wakes nobody, and fails as soon as there is nothing left to tell.</summary>
    private sealed class RecordingSignal(Func<long> written) : IOutboxSignal
    {
        public List<(TimeSpan Longest, long Written)> Waits { get; } = [];

        public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
        {
            Waits.Add((longest, written()));
            if (written() > 0)
            {
                throw new TimeoutException();
            }

            await Task.Delay(longest, cancellationToken);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
