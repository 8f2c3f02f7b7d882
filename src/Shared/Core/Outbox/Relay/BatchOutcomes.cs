using Relaybox.Messaging;

namespace Relaybox.Outbox.Relay;

/// <summary>What is to be recorded of one batch.</summary>
internal sealed class BatchOutcomes(int capacity)
{
    internal List<OutboxMark> Sent { get; } = new(capacity);

    internal List<RetryMark> Retries { get; } = [];

    internal List<ParkMark> Parks { get; } = [];

    /// <summary>Ids that the broker had before, of rows that show no earlier attempt.</summary>
    internal List<string> SuspectedIdClashes { get; } = [];

    /// <summary>How long it took to publish.</summary>
    internal TimeSpan Took { get; set; }

    internal PublishOutcome? BrokerUnavailable { get; set; }

    internal void Retry(OutboxClaim claim, int attempts, TimeSpan delay, PublishOutcome outcome) =>
        Retries.Add(new(claim.EventId, claim.Token, attempts, delay, outcome.Code, outcome.Detail));

    /// <summary>Gives a row back that was not published.</summary>
    internal void PutBack(OutboxClaim claim) =>
        Retries.Add(new(claim.EventId, claim.Token, claim.Attempts, TimeSpan.Zero, null, null));

    internal void Park(OutboxClaim claim, int attempts, string code, string message) =>
        Parks.Add(new(claim.EventId, claim.Token, attempts, code, message));
}
