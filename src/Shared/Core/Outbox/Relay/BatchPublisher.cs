using Relaybox.Diagnostics;
using Relaybox.Messaging;
using Relaybox.Timing;

namespace Relaybox.Outbox.Relay;

/// <summary>Publishes claimed rows and decides what becomes of each. It does not touch the store.</summary>
internal sealed class BatchPublisher(IMessagePublisher publisher, RelayOptions options, bool keepsOrder, IEntropy entropy)
{
    private readonly Backoff _backoff = new(options.FirstRetryDelay, options.LongestRetryDelay, entropy);

    /// <summary>Publishes what there is time for, in the order of the keys; what is left is put back as it was.</summary>
    internal async Task<BatchOutcomes> PublishAsync(ClaimedBatch claimed, CancellationToken cancellationToken)
    {
        var startedAt = claimed.Time.GetTimestamp();
        var batch = new BatchOutcomes(claimed.Claims.Count);
        var flow = new BatchFlow(claimed, batch, keepsOrder, Decide);
        using var step = Spans.Begin(Spans.Publish, claimed.Claims.Count);
        using var scope = claimed.BeginPublishing(cancellationToken);
        if (flow.HasFollowers && publisher is IFlowPublisher flowing)
        {
            await flowing.PublishAsync(flow, scope.Token);
        }
        else
        {
            await PublishWholeAsync(flow, scope.Token);
        }

        cancellationToken.ThrowIfCancellationRequested();
        flow.PutBackLeft();
        batch.Took = claimed.Time.GetElapsedTime(startedAt);
        return batch;
    }

    private async Task PublishWholeAsync(BatchFlow flow, CancellationToken cancellationToken)
    {
        while (flow.Take() is { Count: > 0 } ready)
        {
            var outcomes = await publisher.PublishAsync([.. ready.Select(taken => taken.Event)], cancellationToken);
            for (var i = 0; i < ready.Count; i++)
            {
                flow.Answer(ready[i].Number, outcomes[i]);
            }
        }
    }

    private void Decide(BatchOutcomes batch, OutboxClaim claim, PublishOutcome outcome)
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
