using System.Diagnostics;
using Npgsql;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>An app that commits transactions of one business row, with an event or without, by several writers at once.</summary>
/// <param name="database">The server.</param>
/// <param name="outbox">The outbox, whose schema holds the business table, too.</param>
internal sealed class WriterLoop(BenchDatabase database, OutboxSchema outbox)
{
    private static readonly string Business = new('b', 100);

    private readonly PostgresOutboxWriter _writer = new(database.DataSource, outbox.Options);

    private string Table => $"\"{outbox.Options.Schema}\".business";

    public Task CreateAsync(CancellationToken cancellationToken) => database.ExecuteAsync(
        $"CREATE TABLE {Table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text NOT NULL)", cancellationToken);

    /// <summary>Empties the tables.</summary>
    public async Task PrepareAsync(long rows, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"TRUNCATE {Table}", cancellationToken);
        await outbox.FillAsync(0, cancellationToken);
    }

    /// <summary>Commits transactions without an event.</summary>
    /// <returns>From the first begin to the last commit.</returns>
    public Task<TimeSpan> WriteBusinessAsync(long rows, int writers, CancellationToken cancellationToken) =>
        RunAsync(rows, writers, hasEvent: false, cancellationToken);

    /// <summary>Commits transactions with an event each, which nothing relays.</summary>
    /// <inheritdoc cref="WriteBusinessAsync" path="/returns"/>
    public Task<TimeSpan> WriteAsync(long rows, int writers, CancellationToken cancellationToken) =>
        RunAsync(rows, writers, hasEvent: true, cancellationToken);

    /// <summary>The same while a relay sends what is committed; it ends when every event is sent.</summary>
    /// <inheritdoc cref="WriteBusinessAsync" path="/returns"/>
    public async Task<TimeSpan> WriteRelayedAsync(long rows, int writers, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var publisher = new CountingPublisher(rows);
        var relaying = Task.Run(() => outbox.KeepRelayingAsync(publisher, stop.Token), stop.Token);
        var elapsed = await RunAsync(rows, writers, hasEvent: true, cancellationToken);
        await await Task.WhenAny(publisher.All, relaying);
        await stop.CancelAsync();
        await relaying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return elapsed;
    }

    private async Task<TimeSpan> RunAsync(long rows, int writers, bool hasEvent, CancellationToken cancellationToken)
    {
        var left = rows;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(WriteAllAsync, cancellationToken)));
        return Stopwatch.GetElapsedTime(start);

        async Task WriteAllAsync()
        {
            await using var connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await using var insert = new NpgsqlCommand($"INSERT INTO {Table} (payload) VALUES ($1)", connection, transaction);
                insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Business });
                await insert.ExecuteNonQueryAsync(cancellationToken);
                if (hasEvent)
                {
                    await _writer.EnqueueAsync(_writer.NewEvent("orders.placed", BenchPayload.Text), transaction, cancellationToken);
                }

                await transaction.CommitAsync(cancellationToken);
            }
        }
    }

    /// <summary>A broker that accepts everything at once, and says when it has so many.</summary>
    private sealed class CountingPublisher(long rows) : IMessagePublisher
    {
        private readonly NoOpPublisher _accepting = new();
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _left = rows;

        public Task All => _all.Task;

        public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            if (Interlocked.Add(ref _left, -events.Count) <= 0)
            {
                _all.TrySetResult();
            }

            return _accepting.PublishAsync(events, cancellationToken);
        }
    }
}
