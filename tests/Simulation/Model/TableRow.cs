using System.Text;
using Relaybox.Events;
using Relaybox.Outbox;

namespace Relaybox.Simulation.Model;

/// <summary>A row of the model outbox. A column that is null is absent.</summary>
internal sealed record TableRow(string EventId, long RowId)
{
    public string? Status { get; set; }

    public string? Subject { get; set; }

    public string? Payload { get; set; }

    public IReadOnlyDictionary<string, string>? Headers { get; set; }

    public string? OrderingKey { get; set; }

    public DateTimeOffset? EnqueuedAt { get; set; }

    public DateTimeOffset? AvailableAt { get; set; }

    public string? Result { get; set; }

    public int Attempts { get; set; }

    /// <summary>How many claims have no outcome, the current one among them.</summary>
    public int Unfinished { get; set; }

    public string? Token { get; set; }

    public DateTimeOffset? ClaimedAt { get; set; }

    /// <summary>The retry time, or the end of the lease; null where no index knows the row.</summary>
    public DateTimeOffset? DueAt { get; set; }

    public DateTimeOffset? SentAt { get; set; }

    public DateTimeOffset? FailedAt { get; set; }

    public DateTimeOffset? SkippedAt { get; set; }

    public DateTimeOffset? ShelvedAt { get; set; }

    public string? ReleasedToken { get; set; }

    public string? ErrorCode { get; set; }

    public string? ErrorMessage { get; set; }

    /// <summary>Its place among the rows of its key: the number that the key's counter gave, or that of the row.</summary>
    public long Place { get => field == 0 ? RowId : field; init; }

    /// <summary>Whether it is left out of claims until the row is sent that it waits for.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>How often others began to wait for it; 0: nobody does.</summary>
    public int Followed { get; set; }

    /// <summary>The transaction that changes it, if there is one; it may have ended.</summary>
    internal RowLock? Lock { get; set; }

    internal OutboxStatus Parsed => OutboxStatusText.Parse(Status);

    /// <summary>Whether it stands in the way of the later rows of its key.</summary>
    internal bool Blocks => OrderingKey is not null && Parsed != OutboxStatus.Sent
        && (SkippedAt is null || Parsed is OutboxStatus.Pending or OutboxStatus.Publishing);

    /// <summary>The bytes of what a claim reads.</summary>
    internal long Bytes =>
        BytesOf(Payload) + BytesOf(Result) + (Headers?.Sum(header => BytesOf(header.Key) + BytesOf(header.Value)) ?? 0);

    internal OutboxEvent ToEvent() => new()
    {
        EventId = EventId,
        Subject = Subject ?? "",
        Payload = Payload ?? "",
        Headers = Headers ?? new Dictionary<string, string>(),
        OrderingKey = OrderingKey,
        EnqueuedAt = EnqueuedAt,
        AvailableAt = AvailableAt,
        Result = Result,
    };

    internal OutboxRow ToRow() => new(ToEvent(), Parsed)
    {
        Attempts = Attempts,
        Token = ToToken(),
        ClaimedAt = ClaimedAt,
        DueAt = Parsed is OutboxStatus.Sent or OutboxStatus.Failed ? null : DueAt,
        SentAt = SentAt,
        FailedAt = FailedAt,
        SkippedAt = SkippedAt,
        ShelvedAt = ShelvedAt,
        ErrorCode = ErrorCode,
        ErrorMessage = ErrorMessage,
    };

    /// <summary>The row as a claim of it answers; a lock is not counted as one.</summary>
    internal OutboxClaim ToClaim(ClaimLimit limit, bool keepsOrder)
    {
        var row = ToEvent();
        var earlier = Unfinished - (Parsed == OutboxStatus.Publishing ? 1 : 0);
        var violation = OutboxClaim.CheckWeight(limit, Bytes, earlier) ?? RowContract.Check(row);
        return new OutboxClaim(EventId, ToToken(), Attempts)
        {
            Event = violation is null ? row : null,
            Violation = violation,
            Bytes = Bytes,
            Unfinished = earlier,
            OrderingKey = keepsOrder ? OrderingKey : null,
        };
    }

    // Rows that were claimed together share the text.
    private ClaimToken ToToken() => Token is null ? ClaimToken.None : new ClaimToken(Token, RowId);

    private static long BytesOf(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);
}
