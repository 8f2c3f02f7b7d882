using Microsoft.Extensions.Logging;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Diagnostics;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.MongoDb;

/// <summary>
/// Waits for new rows by a change stream, and asks the collection besides. The stream makes it fast; asking makes it right: where
/// nothing comes by it, it is as late as <see cref="PollInterval"/>. One caller waits at a time.
/// </summary>
/// <param name="connections">The database.</param>
/// <param name="time">The clock of the waits without a stream.</param>
/// <param name="logger">The log.</param>
internal sealed class MongoOutboxSignal(MongoConnections connections, TimeProvider time, ILogger<MongoOutboxSignal> logger)
    : IOutboxSignal, IExplainsFailures
{
    /// <summary>How often the collection is asked where no change is heard of.</summary>
    internal static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    // The id alone: an event of a document near the limit would be over it.
    private static readonly BsonDocument[] Inserts =
    [
        new("$match", new BsonDocument("operationType", "insert")), new("$project", new BsonDocument(Fields.Id, 1)),
    ];

    private IChangeStreamCursor<BsonDocument>? _stream;
    private bool _isLost;

    /// <inheritdoc />
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        try
        {
            if (_stream is null)
            {
                // What came before the stream began is not announced: the caller has to look once more.
                await ListenAsync(cancellationToken);
                return;
            }

            for (var isFirst = true; ; isFirst = false)
            {
                var left = longest - time.GetElapsedTime(start);
                var untilDue = await connections.UseAsync(UntilDueAsync, cancellationToken);

                // Due rows that the caller has just not been able to claim are no reason to come back at once.
                if (left <= TimeSpan.Zero || (untilDue <= TimeSpan.Zero && !isFirst)
                    || await HearsOfAsync(untilDue > TimeSpan.Zero ? TimeArithmetic.Shorter(untilDue, left) : left, cancellationToken))
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Lose(e);
            var left = longest - time.GetElapsedTime(start);
            await Task.Delay(TimeArithmetic.Longer(TimeArithmetic.Shorter(PollInterval, left), TimeSpan.Zero), time, cancellationToken);
        }
    }

    /// <inheritdoc />
    public bool IsOutage(Exception exception) => MongoFaults.IsTransient(exception);

    /// <inheritdoc />
    StoreFailedException? IExplainsFailures.Explain(Exception exception) => connections.Explain(exception);

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref _stream, null)?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        // A stream that cannot be resumed is given up for a new one, and the caller looks for what it has missed.
        _stream = await connections.UseAsync(
            (database, ct) => database.Outbox.WatchAsync<BsonDocument>(
                Inserts, new ChangeStreamOptions { MaxAwaitTime = PollInterval, BatchSize = 100 }, ct),
            cancellationToken);
        if (_isLost)
        {
            _isLost = false;
            Log.SignalRestored(logger);
        }
    }

    // Waits for an event on the stream, for one poll interval at most: the server answers by then without one.
    private async Task<bool> HearsOfAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        if (longest < PollInterval)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(TimeArithmetic.Longer(longest, ShortestWait));
            try
            {
                return await _stream!.MoveNextAsync(patience.Token) && _stream.Current.Any();
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // A wait that was cut off may have lost an event: the stream is opened anew.
                await DisposeAsync();
                await ListenAsync(cancellationToken);
                return false;
            }
        }

        return await _stream!.MoveNextAsync(cancellationToken) && _stream.Current.Any();
    }

    /// <summary>How long until something is due: zero or less where something is, a day where nothing ever is.</summary>
    private static async Task<TimeSpan> UntilDueAsync(MongoCollections database, CancellationToken cancellationToken)
    {
        var due = FirstAsync(OutboxStatusText.Pending, Fields.AvailableAt);
        var ended = FirstAsync(OutboxStatusText.Publishing, Fields.LeaseUntil);
        return TimeArithmetic.Shorter(await due, await ended);

        async Task<TimeSpan> FirstAsync(string status, string field)
        {
            var first = await database.Outbox.Find(new BsonDocument(Fields.Status, status)).Sort(new BsonDocument { { field, 1 }, { Fields.Id, 1 } })
                .Project<BsonDocument>(new BsonDocument
                {
                    {
                        "wait", Expressions.If(
                            Expressions.IsOfType(field, "date"), new BsonDocument("$subtract", new BsonArray { $"${field}", Expressions.Now }), 0L)
                    },
                })
                .FirstOrDefaultAsync(cancellationToken);
            return first is null
                ? TimeSpan.FromDays(1)
                : TimeSpan.FromMilliseconds(Math.Min(first["wait"].ToDouble(), TimeSpan.MillisecondsPerDay));
        }
    }

    private void Lose(Exception exception)
    {
        if (!_isLost)
        {
            _isLost = true;
            Log.SignalLost(logger, MongoFaults.Name(exception));
        }

        Interlocked.Exchange(ref _stream, null)?.Dispose();
    }
}
