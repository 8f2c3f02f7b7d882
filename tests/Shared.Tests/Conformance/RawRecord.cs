namespace Relaybox.Shared.Tests.Conformance;

/// <summary>An inbox record as a test puts it into the store by hand. What is null is left out.</summary>
/// <param name="Consumer">The consumer.</param>
/// <param name="EventId">The event.</param>
public sealed record RawRecord(string Consumer, string EventId)
{
    public string? Status { get; init; } = "processing";

    public int? Deliveries { get; init; }

    public string? Token { get; init; }

    public DateTimeOffset? ReceivedAt { get; init; }

    public DateTimeOffset? LeaseUntil { get; init; }

    public DateTimeOffset? ProcessedAt { get; init; }

    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>Any text, to make a record as large as a test needs it.</summary>
    public string? ErrorMessage { get; init; }
}
