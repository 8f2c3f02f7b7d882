using Relaybox.Events;

namespace Relaybox.Outbox;

/// <summary>The right to publish a row until its lease ends.</summary>
/// <param name="EventId">The row's id.</param>
/// <param name="Token">The fencing token under which the outcome is recorded.</param>
/// <param name="Attempts">How many attempts have failed before.</param>
internal sealed record OutboxClaim(string EventId, ClaimToken Token, int Attempts)
{
    /// <summary>After how many claims without an outcome a row is parked: it ends the process that works on it.</summary>
    public const int MaxUnfinished = 4;

    /// <summary>The event, unless the row breaks the contract.</summary>
    public OutboxEvent? Event { get; init; }

    /// <summary>The row's ordering key, also where the row breaks the contract; null where the store keeps no order.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>The bytes of its payload, headers and result, as the store holds them.</summary>
    public long Bytes { get; init; }

    /// <summary>
    /// How many earlier claims have no outcome: their process ended with the row in hand, or lost the store. A row with such claims
    /// is worked on with nothing beside it.
    /// </summary>
    public int Unfinished { get; init; }

    /// <summary>How the row breaks the contract, if it does. Such a row is parked.</summary>
    public RowViolation? Violation { get; init; }

    /// <summary>Why the row cannot be published now, by no fault of its own. Such a row is put off, without an attempt. Null: it can.</summary>
    public string? PutOff { get; init; }

    /// <summary>
    /// Why a row cannot be worked on that was claimed without being read: it is too large for the memory, or has ended the process
    /// too often. Null: it can.
    /// </summary>
    /// <param name="limit">What a claim takes.</param>
    /// <param name="bytes">The bytes of the row's payload, headers and result.</param>
    /// <param name="unfinished">How many earlier claims have no outcome.</param>
    internal static RowViolation? CheckWeight(ClaimLimit limit, long bytes, int unfinished) =>
        unfinished >= MaxUnfinished
            ? new(
                ErrorCodes.ClaimsUnfinished,
                $"The row was claimed {unfinished} times without an outcome, the last time alone: it seems to end the process that relays it.")
        : bytes > limit.Bytes
            ? new(
                ErrorCodes.RowTooLarge,
                $"The row's payload, headers and result have {bytes} bytes; with the memory of this function it can relay {limit.Bytes}.")
        : null;
}
