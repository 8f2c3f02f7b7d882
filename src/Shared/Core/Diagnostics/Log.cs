using Microsoft.Extensions.Logging;

namespace Relaybox.Diagnostics;

/// <summary>Every log message of the core, numbered. None carries a payload, a header's value or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Error, "Row {EventId} is parked: {ErrorMessage} ({ErrorCode})")]
    internal static partial void RowParked(ILogger logger, string eventId, string errorCode, string errorMessage);

    [LoggerMessage(1002, LogLevel.Warning, "The broker is out of reach; {Rows} rows wait: {Detail}")]
    internal static partial void BrokerUnavailable(ILogger logger, int rows, string detail);

    [LoggerMessage(1003, LogLevel.Warning, "The claim on row {EventId} was no longer ours when its outcome was to be recorded; the row is unchanged")]
    internal static partial void RowLate(ILogger logger, string eventId);

    [LoggerMessage(1004, LogLevel.Error, "The outcome of {Rows} rows could not be recorded ({ErrorType}); they will be published again")]
    internal static partial void RecordFailed(ILogger logger, int rows, string errorType);

    [LoggerMessage(1005, LogLevel.Warning,
        "The broker had a message under the id of row {EventId} before, and the row shows no failed attempt: "
        + "an attempt that was not recorded, or another event under the same id, of which only the first was taken")]
    internal static partial void IdClashSuspected(ILogger logger, string eventId);

    [LoggerMessage(1006, LogLevel.Warning, "The payload store is out of reach; {Rows} rows wait: {Detail}")]
    internal static partial void PayloadStoreUnavailable(ILogger logger, int rows, string detail);

    [LoggerMessage(1202, LogLevel.Warning,
        "Event {EventId} failed for consumer {Consumer} on delivery {Deliveries}: {ErrorType} ({ErrorCode}) {StackTrace}")]
    internal static partial void HandlerFailed(
        ILogger logger, string eventId, string consumer, int deliveries, string errorCode, string errorType, string? stackTrace);

    [LoggerMessage(1203, LogLevel.Warning,
        "The claim on event {EventId} for consumer {Consumer} was lost while it was handled; nothing was committed")]
    internal static partial void ClaimLost(ILogger logger, string eventId, string consumer);

    [LoggerMessage(1204, LogLevel.Information, "Event {EventId} was already processed by consumer {Consumer}; the duplicate is dropped")]
    internal static partial void DuplicateSuppressed(ILogger logger, string eventId, string consumer);

    [LoggerMessage(1205, LogLevel.Error, "The inbox store failed on event {EventId}: {Reason}")]
    internal static partial void InboxStoreFailed(ILogger logger, string eventId, string reason);

    [LoggerMessage(1206, LogLevel.Error, "Message {MessageId} is a dead letter: {Reason} ({ErrorCode})")]
    internal static partial void MessageDeadLettered(ILogger logger, string messageId, string errorCode, string reason);

    [LoggerMessage(1207, LogLevel.Error, "Message {MessageId} could not be copied to the dead letters ({Reason}); it comes again")]
    internal static partial void DeadLetterFailed(ILogger logger, string messageId, string reason);

    [LoggerMessage(1208, LogLevel.Warning, "The payload of message {MessageId} could not be read; it comes again: {Detail}")]
    internal static partial void PayloadUnread(ILogger logger, string messageId, string detail);

    [LoggerMessage(1401, LogLevel.Warning,
        "Whether an operator has paused the {Part} cannot be read ({ErrorType}); it goes on. If it stays so, invoke the Setup function: "
        + "it grants what is missing")]
    internal static partial void PauseUnreadable(ILogger logger, string part, string errorType);

    [LoggerMessage(1301, LogLevel.Information, "Job {Job} is already running elsewhere; nothing was done")]
    internal static partial void JobHeldElsewhere(ILogger logger, string job);

    [LoggerMessage(1302, LogLevel.Information, "Job {Job} changed {Affected} rows in {Pages} pages; complete: {Complete}")]
    internal static partial void JobEnded(ILogger logger, string job, long affected, int pages, bool complete);
}
