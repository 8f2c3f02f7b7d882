using Relaybox.Outbox;

namespace Relaybox.DynamoDb;

/// <summary>The attribute names of the tables; see docs/row-contract.md.</summary>
internal static class Attributes
{
    internal const string EventId = "eventId";
    internal const string Subject = "subject";
    internal const string Payload = "payload";
    internal const string Status = "status";
    internal const string Headers = "headers";
    internal const string OrderingKey = "orderingKey";
    internal const string EnqueuedAt = "enqueuedAt";
    internal const string AvailableAt = "availableAt";
    internal const string Result = "result";

    internal const string Attempts = "attempts";
    internal const string ClaimToken = "claimToken";
    internal const string ClaimedAt = "claimedAt";
    internal const string DueShard = "dueShard";
    internal const string DueAt = "dueAt";
    internal const string SentAt = "sentAt";
    internal const string FailedAt = "failedAt";
    internal const string ShelvedAt = "shelvedAt";
    internal const string ErrorCode = "errorCode";
    internal const string ErrorMessage = "errorMessage";
    internal const string ExpiresAt = "expiresAt";

    internal const string Consumer = "consumer";
    internal const string LeaseUntil = "leaseUntil";
    internal const string Deliveries = "deliveries";
    internal const string Unfinished = "unfinished";
    internal const string BegunToken = "begunToken";
    internal const string PayloadHash = "payloadHash";
    internal const string ReceivedAt = "receivedAt";
    internal const string ProcessedAt = "processedAt";
    internal const string Stream = "stream";
    internal const string StreamSequence = "streamSequence";
    internal const string Emitted = "emitted";

    internal const string Job = "job";
    internal const string Cursor = "cursor";

    /// <summary>The sparse index of what is due.</summary>
    internal const string DueIndex = "DueIndex";

    /// <summary>The due shard of parked rows.</summary>
    internal const string FailedShard = "failed";
}
