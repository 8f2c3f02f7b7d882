namespace Relaybox.Redis;

/// <summary>The fields of a row's hash.</summary>
internal static class OutboxFields
{
    internal const string Status = "status";
    internal const string Subject = "subject";
    internal const string Payload = "payload";
    internal const string Headers = "headers";
    internal const string OrderingKey = "orderingKey";
    internal const string EnqueuedAt = "enqueuedAt";
    internal const string AvailableAt = "availableAt";
    internal const string Result = "result";
    internal const string Attempts = "attempts";
    internal const string Token = "token";
    internal const string ClaimedAt = "claimedAt";
    internal const string DueAt = "dueAt";
    internal const string SentAt = "sentAt";
    internal const string FailedAt = "failedAt";
    internal const string ShelvedAt = "shelvedAt";
    internal const string SkippedAt = "skippedAt";
    internal const string ErrorCode = "errorCode";
    internal const string ErrorMessage = "errorMessage";
}
