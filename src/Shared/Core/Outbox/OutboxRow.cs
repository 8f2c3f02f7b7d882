using Relaybox.Events;

namespace Relaybox.Outbox;

/// <summary>A row of the outbox as the store has it.</summary>
/// <param name="Event">What the app wrote.</param>
/// <param name="Status">Where the row is on its way.</param>
internal sealed record OutboxRow(OutboxEvent Event, OutboxStatus Status)
{
    /// <summary>How many attempts to publish have failed.</summary>
    public int Attempts { get; init; }

    /// <summary>The claim's token, while the row is claimed and on the row that it sent.</summary>
    public ClaimToken Token { get; init; }

    /// <summary>When the row was claimed, while it is.</summary>
    public DateTimeOffset? ClaimedAt { get; init; }

    /// <summary>When the row is due: its retry time, or the end of its claim's lease.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>When the broker's acknowledgement was recorded.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When the row was parked.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>When an operator let the later rows of its ordering key go on without the parked row. Null where nobody has.</summary>
    public DateTimeOffset? SkippedAt { get; init; }

    /// <summary>When an operator shelved the parked row: it is out of sight, not deleted. Null where it is not shelved.</summary>
    public DateTimeOffset? ShelvedAt { get; init; }

    /// <summary>The last error's code, one of <see cref="ErrorCodes"/>.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>The last error's text, bounded, without payload.</summary>
    public string? ErrorMessage { get; init; }
}
