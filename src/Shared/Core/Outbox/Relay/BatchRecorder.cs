using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Events;

namespace Relaybox.Outbox.Relay;

/// <summary>Records what became of published rows. Only a cancelled caller makes it fail.</summary>
internal sealed class BatchRecorder(IOutboxRepository repository, ILogger logger)
{
    internal async Task<RelayResult> RecordAsync(BatchOutcomes batch, CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.Record, batch.Sent.Count + batch.Retries.Count + batch.Parks.Count);
        var sent = await MarkAsync(batch.Sent, m => m.EventId, repository.MarkSentAsync, cancellationToken);
        var retried = await RetryAsync(batch.Retries, cancellationToken);
        var parked = await MarkAsync(batch.Parks, m => m.EventId, repository.ParkAsync, cancellationToken);
        foreach (var mark in batch.Parks.ExceptBy([.. parked.Late, .. parked.Unrecorded], mark => mark.EventId))
        {
            Log.RowParked(logger, mark.EventId, mark.ErrorCode, mark.ErrorMessage);
        }

        if (batch.BrokerUnavailable is { } outage)
        {
            Log.BrokerUnavailable(logger, batch.Retries.Count, outage.Detail ?? "");
        }

        if (batch.PayloadStoreUnavailable is { } why)
        {
            Log.PayloadStoreUnavailable(logger, batch.Retries.Count(mark => mark.ErrorCode == ErrorCodes.PayloadStoreUnavailable), why);
        }

        string[] late = [.. sent.Late, .. retried.Late, .. parked.Late];
        foreach (var eventId in late)
        {
            Log.RowLate(logger, eventId);
        }

        return Recorded(batch) with
        {
            Sent = sent.Applied,
            Retried = retried.Applied,
            Parked = parked.Applied,
            Late = late.Length,
            BrokerUnavailable = batch.BrokerUnavailable is not null,
            Unrecorded = [.. sent.Unrecorded, .. retried.Unrecorded, .. parked.Unrecorded],
        };
    }

    /// <summary>Tells of a batch whose rows were all sent, and recorded with it.</summary>
    internal RelayResult Recorded(BatchOutcomes batch)
    {
        foreach (var eventId in batch.SuspectedIdClashes)
        {
            Log.IdClashSuspected(logger, eventId);
        }

        return new RelayResult { Sent = batch.Sent.Count, SuspectedIdClashes = batch.SuspectedIdClashes.Count };
    }

    internal Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(marks, m => m.EventId, repository.RetryAsync, cancellationToken);

    private async Task<MarkResult> MarkAsync<TMark>(
        IReadOnlyList<TMark> marks,
        Func<TMark, string> eventId,
        Func<IReadOnlyList<TMark>, CancellationToken, Task<MarkResult>> write,
        CancellationToken cancellationToken)
    {
        if (marks.Count == 0)
        {
            return MarkResult.Empty;
        }

        try
        {
            var result = await write(marks, cancellationToken);
            if (result.Unrecorded.Count > 0)
            {
                Log.RecordFailed(logger, result.Unrecorded.Count, result.Failure ?? "");
            }

            return result;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The rows keep their state, so nothing is lost: they are published again under the same ids.
            Log.RecordFailed(logger, marks.Count, e.GetType().Name);
            return new MarkResult(0, [], [.. marks.Select(eventId)]);
        }
    }
}
