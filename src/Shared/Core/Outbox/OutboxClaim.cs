using Relaybox.Events;

namespace Relaybox.Outbox;

/// <summary>The right to publish a row until its lease ends.</summary>
/// <param name="EventId">The row's id.</param>
/// <param name="Token">The fencing token under which the outcome is recorded.</param>
/// <param name="Attempts">How many attempts have failed before.</param>
internal sealed record OutboxClaim(string EventId, ClaimToken Token, int Attempts)
{
    /// <summary>The event, unless the row breaks the contract.</summary>
    public OutboxEvent? Event { get; init; }

    /// <summary>The row's ordering key, also where the row breaks the contract; null where the store keeps no order.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>How the row breaks the contract, if it does. Such a row is parked.</summary>
    public RowViolation? Violation { get; init; }
}
