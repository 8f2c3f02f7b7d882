using Relaybox.Local.Aws;
using Relaybox.Local.Stack;

namespace Relaybox.Local.EventSources;

/// <summary>Reads one shard from its start to its end: filter, batch, deliver, go on.</summary>
internal sealed class ShardConsumer(
    StreamEventDefinition source,
    DynamoDbStreamReader reader,
    EventFilter filter,
    StreamBatchDelivery delivery,
    DuplicatePlan duplicates,
    EventSourceSwitch gate,
    TimeProvider time)
{
    private const int LargestPayload = 6 * 1024 * 1024;

    // Where records have just come, more are likely, and the program that wrote them waits for what they do.
    private static readonly TimeSpan BusyFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BusyPollInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly List<StreamRecord> _again = [];
    private string? _lastRead;
    private DateTimeOffset _busyUntil;

    /// <summary>Records that were delivered and wait to be delivered once more, on purpose.</summary>
    public bool HasPendingDuplicates => _again.Count > 0;

    /// <summary>Returns when the shard is closed and everything in it has been dealt with.</summary>
    public async Task RunAsync(string shardId, bool fromTrimHorizon, CancellationToken cancellationToken)
    {
        var iterator = await reader.GetIteratorAsync(shardId, fromTrimHorizon ? "TRIM_HORIZON" : "LATEST", null, cancellationToken);
        var buffer = new Queue<StreamRecord>();
        DateTimeOffset? windowEnd = null;
        while (iterator is not null || buffer.Count > 0)
        {
            using var turn = await gate.BeginTurnAsync(cancellationToken);
            if (iterator is not null && buffer.Count < source.BatchSize)
            {
                var page = await ReadAsync(shardId, iterator, cancellationToken);
                iterator = page.NextIterator;
                foreach (var record in page.Records.Where(record => filter.Passes(record.Event)))
                {
                    buffer.Enqueue(record);
                }
            }

            windowEnd ??= buffer.Count > 0 ? time.GetUtcNow() + TimeSpan.FromSeconds(source.BatchingWindowSeconds) : null;
            if (buffer.Count > 0 && (buffer.Count >= source.BatchSize || iterator is null || time.GetUtcNow() >= windowEnd))
            {
                await DeliverAsync(Take(buffer), cancellationToken);
                _busyUntil = time.GetUtcNow() + BusyFor;
                windowEnd = null;
            }
            else
            {
                await DeliverAgainAsync(cancellationToken);
                await PauseAsync(cancellationToken);
            }
        }

        await DeliverAgainAsync(cancellationToken);
    }

    // A timer comes at the next of the clock's ticks, which is some 4 ms away; a thread that sleeps is woken when it asked to be.
    private Task PauseAsync(CancellationToken cancellationToken) => time.GetUtcNow() < _busyUntil
        ? Task.Run(() => Thread.Sleep(BusyPollInterval), cancellationToken)
        : Task.Delay(PollInterval, time, cancellationToken);

    private async Task<StreamPage> ReadAsync(string shardId, string iterator, CancellationToken cancellationToken)
    {
        StreamPage page;
        try
        {
            page = await reader.ReadAsync(iterator, cancellationToken);
        }
        catch (AwsCallException exception) when (exception.ErrorType is "ExpiredIteratorException" or "TrimmedDataAccessException")
        {
            var type = _lastRead is null || exception.ErrorType == "TrimmedDataAccessException" ? "TRIM_HORIZON" : "AFTER_SEQUENCE_NUMBER";
            return new StreamPage(
                [], await reader.GetIteratorAsync(shardId, type, type == "TRIM_HORIZON" ? null : _lastRead, cancellationToken));
        }

        _lastRead = page.Records.Count > 0 ? page.Records[^1].SequenceNumber : _lastRead;
        return page;
    }

    private List<StreamRecord> Take(Queue<StreamRecord> buffer)
    {
        var batch = new List<StreamRecord>();
        var size = 0;
        while (batch.Count < source.BatchSize && buffer.TryPeek(out var next) && (batch.Count == 0 || size + next.Size <= LargestPayload))
        {
            batch.Add(buffer.Dequeue());
            size += next.Size;
        }

        return batch;
    }

    private async Task DeliverAsync(List<StreamRecord> batch, CancellationToken cancellationToken)
    {
        await delivery.DeliverAsync(batch, cancellationToken);
        await DeliverAgainAsync(cancellationToken);
        _again.AddRange(batch.Where(_ => duplicates.Choose()));
    }

    private async Task DeliverAgainAsync(CancellationToken cancellationToken)
    {
        while (_again.Count > 0)
        {
            var batch = _again.Take(source.BatchSize).ToList();
            await delivery.DeliverAsync(batch, cancellationToken);
            _again.RemoveRange(0, batch.Count);
            duplicates.Count(batch.Count);
        }
    }
}
