using Relaybox.Diagnostics;
using Relaybox.Messaging;
using Relaybox.Timing;

namespace Relaybox.Outbox.Relay;

/// <summary>Publishes claimed rows and notes what is to become of each. It does not touch the store.</summary>
internal sealed class BatchPublisher(
    IMessagePublisher publisher, RelayOptions options, bool keepsOrder, IEntropy entropy, ClaimCheck? claimCheck = null)
{
    private readonly BatchCheckIn _checkIn = new(claimCheck);

    /// <summary>Publishes what there is time for, in the order of the keys; what is left is put back as it was.</summary>
    internal async Task<BatchOutcomes> PublishAsync(ClaimedBatch claimed, CancellationToken cancellationToken)
    {
        var startedAt = claimed.Time.GetTimestamp();
        var batch = new BatchOutcomes(claimed.Claims.Count, options, entropy);
        using var step = Spans.Begin(Spans.Publish, claimed.Claims.Count);
        using var scope = claimed.BeginPublishing(cancellationToken);
        var flow = new BatchFlow(await _checkIn.RunAsync(claimed, scope.Token), batch, keepsOrder);
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
}
