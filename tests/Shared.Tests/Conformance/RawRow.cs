namespace Relaybox.Shared.Tests.Conformance;

/// <summary>An outbox row as a test puts it into the store by hand. What is null is left out.</summary>
/// <param name="EventId">Its id.</param>
public sealed record RawRow(string EventId)
{
    public string? Status { get; init; } = "pending";

    public string? Subject { get; init; } = "orders.placed";

    public string? Payload { get; init; } = "{}";

    public DateTimeOffset? EnqueuedAt { get; init; }

    public DateTimeOffset? AvailableAt { get; init; }

    public DateTimeOffset? ClaimedAt { get; init; }

    public string? Token { get; init; }

    /// <summary>The retry time, or the end of the lease; with it the row is known to the index of what is due.</summary>
    public DateTimeOffset? DueAt { get; init; }

    public DateTimeOffset? SentAt { get; init; }

    public DateTimeOffset? FailedAt { get; init; }
}
