using System.Diagnostics;
using Npgsql;
using Relaybox.Benchmarks.Peers;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Postgres;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>An app that commits transactions of one business row, with an event or without, by several writers at once.</summary>
internal sealed class WriterLoop(BenchDatabase database, OutboxSchema outbox)
{
    private readonly BusinessTable _business = new(database.DataSource);
    private readonly PostgresOutboxWriter _writer = new(database.DataSource, outbox.Options);

    public Task CreateAsync() => _business.CreateAsync();

    /// <summary>Empties the outbox; the business table is emptied with each call.</summary>
    public Task PrepareAsync(long rows, CancellationToken cancellationToken) => outbox.FillAsync(0, cancellationToken);

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
        var sent = new Countdown();
        sent.Start(rows);
        var relaying = Task.Run(() => outbox.KeepRelayingAsync(new CountingPublisher(sent), stop.Token), stop.Token);
        var elapsed = await RunAsync(rows, writers, hasEvent: true, cancellationToken);
        await await Task.WhenAny(sent.WaitAsync(), relaying);
        await stop.CancelAsync();
        await relaying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return elapsed;
    }

    private async Task<TimeSpan> RunAsync(long rows, int writers, bool hasEvent, CancellationToken cancellationToken)
    {
        return Stopwatch.GetElapsedTime(await _business.WriteAsync((int)rows, writers, CommitAsync));

        async Task CommitAsync(NpgsqlConnection connection)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await BusinessTable.InsertAsync(connection);
            if (hasEvent)
            {
                await _writer.EnqueueAsync(_writer.NewEvent("orders.placed", BenchPayload.Text), transaction, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>A broker that accepts everything at once, and counts it.</summary>
    private sealed class CountingPublisher(Countdown sent) : IMessagePublisher
    {
        private readonly NoOpPublisher _accepting = new();

        public Task<IReadOnlyList<PublishOutcome>> PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            sent.Take(events.Count);
            return _accepting.PublishAsync(events, cancellationToken);
        }
    }
}
