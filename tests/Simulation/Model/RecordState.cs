using Relaybox.Inbox;

namespace Relaybox.Simulation.Model;

/// <summary>A record of the model inbox. What is null is absent.</summary>
internal sealed record RecordState(InboxKey Key)
{
    public string Consumer => Key.Consumer;

    public string EventId => Key.EventId;

    public string? Status { get; set; }

    public int Deliveries { get; set; }

    public string? Token { get; set; }

    /// <summary>The token of the claim that began last.</summary>
    public string? BegunToken { get; set; }

    public int Unfinished { get; set; }

    public string? Hash { get; set; }

    public string? Subject { get; set; }

    public DateTimeOffset? ReceivedAt { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    public DateTimeOffset? ProcessedAt { get; set; }

    public DateTimeOffset? FailedAt { get; set; }

    public string? Stream { get; set; }

    public long? StreamSequence { get; set; }

    public string? ErrorCode { get; set; }

    public string? ErrorMessage { get; set; }

    public string? Emitted { get; set; }

    internal InboxStatus Parsed => InboxStatusText.Parse(Status);

    internal InboxRecord ToRecord() => new(Key, Parsed, Deliveries)
    {
        Unfinished = Unfinished,
        Subject = Subject,
        ReceivedAt = ReceivedAt,
        LeaseUntil = LeaseUntil,
        ProcessedAt = ProcessedAt,
        FailedAt = FailedAt,
        Stream = Stream,
        StreamSequence = StreamSequence,
        ErrorCode = ErrorCode,
        ErrorMessage = ErrorMessage,
        Emitted = EmittedEvents.Read(Emitted),
    };
}
