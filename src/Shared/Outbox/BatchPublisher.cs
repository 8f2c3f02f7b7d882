using Relaybox.Diagnostics;
using Relaybox.Messaging;

namespace Relaybox.Outbox;

/// <summary>Publishes claimed rows and decides what becomes of each. It does not touch the store.</summary>
internal sealed class BatchPublisher(IMessagePublisher publisher, RelayOptions options, bool keepsOrder, IEntropy entropy)
{
    private readonly Backoff _backoff = new(options.FirstRetryDelay, options.LongestRetryDelay, entropy);

    /// <summary>Publishes what there is time for, in the order of the keys; what is left is put back as it was.</summary>
    internal async Task<RelayBatch> PublishAsync(ClaimedBatch claimed, CancellationToken cancellationToken)
    {
        var startedAt = claimed.Time.GetTimestamp();
        var batch = new RelayBatch(claimed.Claims.Count);
        var waves = new PublishWaves(claimed.Claims, keepsOrder);
        for (var first = true; (first && !claimed.IsLeased) || claimed.PublishTime > TimeSpan.Zero; first = false)
        {
            if (batch.BrokerUnavailable is not null || waves.Take() is not { Count: > 0 } wave)
            {
                break;
            }

            foreach (var accepted in await PublishWaveAsync(batch, wave, claimed, cancellationToken))
            {
                waves.Accept(accepted);
            }
        }

        foreach (var claim in waves.Left)
        {
            batch.PutBack(claim);
        }

        batch.Took = claimed.Time.GetElapsedTime(startedAt);
        return batch;
    }

    private async Task<IReadOnlyList<OutboxClaim>> PublishWaveAsync(
        RelayBatch batch, List<OutboxClaim> wave, ClaimedBatch claimed, CancellationToken cancellationToken)
    {
        var publishable = new List<OutboxClaim>(wave.Count);
        foreach (var claim in wave)
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

        if (publishable.Count == 0)
        {
            return [];
        }

        using var step = Spans.Begin(Spans.Publish, publishable.Count);
        using var scope = claimed.BeginPublishing(cancellationToken);
        var outcomes = await publisher.PublishAsync(publishable.ConvertAll(claim => claim.Event!), scope.Token);
        cancellationToken.ThrowIfCancellationRequested();
        for (var i = 0; i < publishable.Count; i++)
        {
            Decide(batch, publishable[i], outcomes[i]);
        }

        return [.. publishable.Where((_, i) => outcomes[i].Status == PublishStatus.Accepted)];
    }

    private void Decide(RelayBatch batch, OutboxClaim claim, PublishOutcome outcome)
    {
        switch (outcome.Status)
        {
            case PublishStatus.Accepted:
                batch.Sent.Add(new(claim.EventId, claim.Token));
                if (outcome.IsKnownCopy && claim.Attempts == 0)
                {
                    batch.SuspectedIdClashes.Add(claim.EventId);
                }

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
}
