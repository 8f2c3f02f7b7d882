using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Messaging;

namespace Relaybox.Outbox;

/// <summary>
/// Takes rows from the store to the broker: claim, publish, record. A row is recorded as sent only after the broker has
/// acknowledged it, so that it is published at least once, always under the same id.
/// </summary>
/// <param name="repository">The store.</param>
/// <param name="publisher">The broker.</param>
/// <param name="options">How to work.</param>
/// <param name="entropy">The source of the backoff's jitter.</param>
/// <param name="logger">The log.</param>
public sealed class OutboxRelay(
    IOutboxRepository repository,
    IMessagePublisher publisher,
    RelayOptions options,
    IEntropy entropy,
    ILogger<OutboxRelay> logger)
{
    private readonly Backoff _backoff = new(options.FirstRetryDelay, options.LongestRetryDelay, entropy);

    /// <summary>Relays what is due until nothing is, the deadline nears, or the broker is out of reach.</summary>
    /// <param name="deadline">When to be done.</param>
    /// <param name="cancellationToken">Ends the work; claimed rows come back when their leases end.</param>
    public async Task<RelayResult> DrainAsync(WorkDeadline deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deadline);
        var total = new RelayResult();
        while (deadline.HasTimeFor(options.MinimumBatchTime) && !total.BrokerUnavailable)
        {
            var claims = await repository.ClaimAsync(options.BatchSize, options.Lease, cancellationToken);
            if (claims.Count == 0)
            {
                break;
            }

            total = total.Add(await RelayAsync(claims, deadline, cancellationToken));
        }

        return total;
    }

    /// <summary>Publishes claimed rows and records each one's outcome.</summary>
    /// <param name="claims">The rows. One bad row never changes another's outcome.</param>
    /// <param name="deadline">When to be done.</param>
    /// <param name="cancellationToken">Ends the work; rows without a recorded outcome come back when their leases end.</param>
    public async Task<RelayResult> RelayAsync(
        IReadOnlyList<OutboxClaim> claims, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claims);
        ArgumentNullException.ThrowIfNull(deadline);
        var batch = new RelayBatch(claims.Count);
        var publishable = new List<OutboxClaim>(claims.Count);
        foreach (var claim in claims)
        {
            if (claim.Violation is { } violation)
            {
                batch.Park(claim, claim.Attempts, violation.Code, violation.Message);
            }
            else
            {
                publishable.Add(claim);
            }
        }

        if (publishable.Count > 0)
        {
            var outcomes = await PublishAsync(publishable, deadline, cancellationToken);
            for (var i = 0; i < publishable.Count; i++)
            {
                Decide(batch, publishable[i], outcomes[i]);
            }
        }

        return await RecordAsync(batch, cancellationToken);
    }

    /// <summary>Makes rows due later, without publishing them.</summary>
    /// <param name="marks">The rows, and when they are due.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public Task<MarkResult> DeferAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        MarkAsync(marks, m => m.EventId, repository.RetryAsync, cancellationToken);

    private async Task<IReadOnlyList<PublishOutcome>> PublishAsync(
        List<OutboxClaim> claims, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        using var scope = deadline.Before(options.RecordMargin).BeginScope(cancellationToken);
        var outcomes = await publisher.PublishAsync(claims.ConvertAll(claim => claim.Event!), scope.Token);
        cancellationToken.ThrowIfCancellationRequested();
        return outcomes;
    }

    private void Decide(RelayBatch batch, OutboxClaim claim, PublishOutcome outcome)
    {
        switch (outcome.Status)
        {
            case PublishStatus.Accepted:
                batch.Sent.Add(new(claim.EventId, claim.Token));
                break;
            case PublishStatus.Rejected:
                batch.Park(claim, claim.Attempts + 1, outcome.Code!, outcome.Detail!);
                break;
            case PublishStatus.Unavailable:
                batch.BrokerUnavailable = outcome;
                batch.Retry(claim, claim.Attempts, OutageDelay(), outcome);
                break;
            case PublishStatus.Unknown when claim.Attempts + 1 >= options.MaxAttempts:
                batch.Park(claim, claim.Attempts + 1, outcome.Code!, outcome.Detail!);
                break;
            default:
                batch.Retry(claim, claim.Attempts + 1, _backoff.After(claim.Attempts + 1), outcome);
                break;
        }
    }

    // Spread over twice the delay, so that what an outage held up does not come back as one wave.
    private TimeSpan OutageDelay() => options.OutageDelay * (1 + entropy.NextDouble());

    private async Task<RelayResult> RecordAsync(RelayBatch batch, CancellationToken cancellationToken)
    {
        var sent = await MarkAsync(batch.Sent, m => m.EventId, repository.MarkSentAsync, cancellationToken);
        var retried = await MarkAsync(batch.Retries, m => m.EventId, repository.RetryAsync, cancellationToken);
        var parked = await MarkAsync(batch.Parks, m => m.EventId, repository.ParkAsync, cancellationToken);
        foreach (var mark in batch.Parks.ExceptBy([.. parked.Late, .. parked.Unrecorded], mark => mark.EventId))
        {
            Log.RowParked(logger, mark.EventId, mark.ErrorCode, mark.ErrorMessage);
        }

        if (batch.BrokerUnavailable is { } outage)
        {
            Log.BrokerUnavailable(logger, batch.Retries.Count, outage.Detail ?? "");
        }

        string[] late = [.. sent.Late, .. retried.Late, .. parked.Late];
        foreach (var eventId in late)
        {
            Log.RowLate(logger, eventId);
        }

        return new RelayResult
        {
            Sent = sent.Held,
            Retried = retried.Held,
            Parked = parked.Held,
            Late = late.Length,
            BrokerUnavailable = batch.BrokerUnavailable is not null,
            Unrecorded = [.. sent.Unrecorded, .. retried.Unrecorded, .. parked.Unrecorded],
        };
    }

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
