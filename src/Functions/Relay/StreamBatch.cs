using Amazon.Lambda.DynamoDBEvents;
using Microsoft.Extensions.Logging;
using Relaybox.Functions.Hosting;
using Relaybox.Outbox;

namespace Relaybox.Functions.Relay;

/// <summary>What a batch of stream records asks the relay to do.</summary>
internal sealed class StreamBatch
{
    private readonly Dictionary<string, string?> _sequenceNumbers = new(StringComparer.Ordinal);

    private StreamBatch(int recordCount) => RecordCount = recordCount;

    internal int RecordCount { get; }

    /// <summary>New rows to publish, each id once.</summary>
    internal List<OutboxClaim> Claims { get; } = [];

    /// <summary>New rows whose time has not come.</summary>
    internal List<RetryMark> Deferred { get; } = [];

    internal IEnumerable<string> EventIds => _sequenceNumbers.Keys;

    internal string? SequenceNumberOf(string eventId) => _sequenceNumbers.GetValueOrDefault(eventId);

    /// <summary>
    /// Picks the records that bring a new row. The event source filters already, but only this check decides: what the
    /// relay, a reset or a time to live writes must neither loop nor be relayed again.
    /// </summary>
    internal static StreamBatch Read(DynamoDBEvent input, DateTimeOffset now, ILogger logger)
    {
        var records = input?.Records ?? [];
        var batch = new StreamBatch(records.Count);
        foreach (var record in records)
        {
            if (record?.EventName != "INSERT")
            {
                continue;
            }

            if (record.Dynamodb?.NewImage is not { } image)
            {
                FunctionLog.StreamRecordUnreadable(
                    logger, record.Dynamodb?.SequenceNumber, "It has no new image; set the stream's view type to NEW_IMAGE.");
                continue;
            }

            var row = StreamRow.Read(image);
            if (row.Claim.EventId.Length == 0)
            {
                FunctionLog.StreamRecordUnreadable(logger, record.Dynamodb.SequenceNumber, "It has no event id.");
            }
            else if (row.IsNew && batch._sequenceNumbers.TryAdd(row.Claim.EventId, record.Dynamodb.SequenceNumber))
            {
                batch.Add(row, now);
            }
        }

        return batch;
    }

    private void Add(StreamRow row, DateTimeOffset now)
    {
        if (row.Claim.Event?.AvailableAt is { } availableAt && availableAt > now)
        {
            Deferred.Add(new RetryMark(row.Claim.EventId, row.Claim.Token, row.Claim.Attempts, availableAt - now, null, null));
        }
        else
        {
            Claims.Add(row.Claim);
        }
    }
}
