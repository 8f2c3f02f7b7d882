namespace Relaybox.MongoDb;

/// <summary>The names of the documents' fields. Those of an outbox row are the row contract's.</summary>
internal static class Fields
{
    internal const string Id = "_id";
    internal const string Subject = "subject";
    internal const string Payload = "payload";
    internal const string Status = "status";
    internal const string Headers = "headers";
    internal const string OrderingKey = "orderingKey";
    internal const string OrderNumber = "orderNumber";
    internal const string Result = "result";
    internal const string EnqueuedAt = "enqueuedAt";
    internal const string AvailableAt = "availableAt";
    internal const string Attempts = "attempts";
    internal const string Unfinished = "unfinished";
    internal const string ClaimToken = "claimToken";
    internal const string ReleasedToken = "releasedToken";
    internal const string ClaimedAt = "claimedAt";
    internal const string LeaseUntil = "leaseUntil";
    internal const string SentAt = "sentAt";
    internal const string FailedAt = "failedAt";
    internal const string SkippedAt = "skippedAt";
    internal const string ShelvedAt = "shelvedAt";
    internal const string ErrorCode = "errorCode";
    internal const string ErrorMessage = "errorMessage";

    /// <summary>
    /// On a row that later rows of its key wait for: when it is sent or skipped, these are made due. It counts how often rows began to
    /// wait: the server leaves out a write that changes nothing, and two transactions would not meet there.
    /// </summary>
    internal const string Followed = "followed";

    internal const string Consumer = "consumer";
    internal const string EventId = "eventId";
    internal const string ReplayId = "replayId";
    internal const string Deliveries = "deliveries";
    internal const string BegunToken = "begunToken";
    internal const string PayloadHash = "payloadHash";
    internal const string ReceivedAt = "receivedAt";
    internal const string ProcessedAt = "processedAt";
    internal const string Stream = "stream";
    internal const string StreamSequence = "streamSequence";
    internal const string Emitted = "emitted";

    internal const string Cursor = "cursor";

    /// <summary>The last number that a key has given.</summary>
    internal const string Last = "last";

    /// <summary>When a key gave it.</summary>
    internal const string UsedAt = "usedAt";
}
