using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Timing;

namespace Relaybox.Outbox.Relay;

/// <summary>What is to be recorded of one batch.</summary>
/// <param name="capacity">How many rows it has.</param>
/// <param name="options">When rows are tried again, and when they are parked.</param>
/// <param name="entropy">The source of the delays' jitter.</param>
internal sealed class BatchOutcomes(int capacity, RelayOptions options, IEntropy entropy)
{
    internal List<OutboxMark> Sent { get; } = new(capacity);

    internal List<RetryMark> Retries { get; } = [];

    internal List<ParkMark> Parks { get; } = [];

    /// <summary>Ids that the broker had before, of rows that show no earlier attempt.</summary>
    internal List<string> SuspectedIdClashes { get; } = [];

    /// <summary>How long it took to publish.</summary>
    internal TimeSpan Took { get; set; }

    /// <summary>The answer of a broker that is out of reach; null where it was not.</summary>
    internal PublishOutcome? BrokerUnavailable { get; private set; }

    /// <summary>Why payloads could not be stored; null where all could.</summary>
    internal string? PayloadStoreUnavailable { get; private set; }

    /// <summary>Decides what becomes of a row by the broker's answer.</summary>
    internal void Decide(OutboxClaim claim, PublishOutcome outcome)
    {
        switch (outcome.Status)
        {
            case PublishStatus.Accepted:
                Sent.Add(new(claim.EventId, claim.Token));
                if (outcome.IsKnownCopy && claim.Attempts == 0)
                {
                    SuspectedIdClashes.Add(claim.EventId);
                }

                break;
            case PublishStatus.Rejected:
                Park(claim, claim.Attempts + 1, outcome.Code!, outcome.Detail!);
                break;
            case PublishStatus.Unavailable:
                BrokerUnavailable = outcome;
                Retry(claim, claim.Attempts, AfterOutage(), outcome);
                break;
            case PublishStatus.Unknown when claim.Attempts + 1 >= options.MaxAttempts:
                Park(claim, claim.Attempts + 1, outcome.Code!, outcome.Detail!);
                break;
            default:
                var backoff = new Backoff(options.FirstRetryDelay, options.LongestRetryDelay, entropy);
                Retry(claim, claim.Attempts + 1, backoff.After(claim.Attempts + 1), outcome);
                break;
        }
    }

    /// <summary>Gives a row back that was not published.</summary>
    internal void PutBack(OutboxClaim claim) =>
        Retries.Add(new(claim.EventId, claim.Token, claim.Attempts, TimeSpan.Zero, null, null));

    /// <summary>Gives a row back whose payload could not be stored. That ends no drain: rows with small payloads go on.</summary>
    internal void PutOff(OutboxClaim claim, string why)
    {
        PayloadStoreUnavailable = why;
        Retries.Add(new(claim.EventId, claim.Token, claim.Attempts, AfterOutage(), ErrorCodes.PayloadStoreUnavailable, why));
    }

    internal void Park(OutboxClaim claim, int attempts, string code, string message) =>
        Parks.Add(new(claim.EventId, claim.Token, attempts, code, message));

    // An outage is no attempt. The delay is spread, so that what waited does not come back as one wave.
    private TimeSpan AfterOutage() => options.OutageDelay * (1 + entropy.NextDouble());

    private void Retry(OutboxClaim claim, int attempts, TimeSpan delay, PublishOutcome outcome) =>
        Retries.Add(new(claim.EventId, claim.Token, attempts, delay, outcome.Code, outcome.Detail));
}
