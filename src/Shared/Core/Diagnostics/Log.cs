using Microsoft.Extensions.Logging;

namespace Relaybox.Diagnostics;

/// <summary>Every log message of the library, numbered. None carries a payload, a header's value or a secret.</summary>
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

    [LoggerMessage(1005, LogLevel.Warning, "The broker had a message under the id of row {EventId} before, and the row shows no failed attempt: an attempt that was not recorded, or another event under the same id, of which only the first was taken")]
    internal static partial void IdClashSuspected(ILogger logger, string eventId);

    [LoggerMessage(1101, LogLevel.Warning, "Sending a batch of {Messages} messages failed: {ErrorCode}")]
    internal static partial void SendBatchFailed(ILogger logger, int messages, string errorCode);

    [LoggerMessage(1102, LogLevel.Warning, "The visibility of {Messages} messages could not be set ({ErrorType}); they come back after the queue's own timeout")]
    internal static partial void VisibilityUnchanged(ILogger logger, int messages, string errorType);

    [LoggerMessage(1202, LogLevel.Warning, "Event {EventId} failed for consumer {Consumer} on delivery {Deliveries}: {ErrorType} ({ErrorCode}) {StackTrace}")]
    internal static partial void HandlerFailed(
        ILogger logger, string eventId, string consumer, int deliveries, string errorCode, string errorType, string? stackTrace);

    [LoggerMessage(1203, LogLevel.Warning, "The claim on event {EventId} for consumer {Consumer} was lost while it was handled; nothing was committed")]
    internal static partial void ClaimLost(ILogger logger, string eventId, string consumer);

    [LoggerMessage(1204, LogLevel.Information, "Event {EventId} was already processed by consumer {Consumer}; the duplicate is dropped")]
    internal static partial void DuplicateSuppressed(ILogger logger, string eventId, string consumer);

    [LoggerMessage(1205, LogLevel.Error, "The inbox store failed on event {EventId}: {Reason}")]
    internal static partial void InboxStoreFailed(ILogger logger, string eventId, string reason);

    [LoggerMessage(1206, LogLevel.Error, "Message {MessageId} is a dead letter: {Reason} ({ErrorCode})")]
    internal static partial void MessageDeadLettered(ILogger logger, string messageId, string errorCode, string reason);

    [LoggerMessage(1207, LogLevel.Error, "Message {MessageId} could not be copied to the dead letters ({ErrorType}); it comes again")]
    internal static partial void DeadLetterFailed(ILogger logger, string messageId, string errorType);

    [LoggerMessage(1301, LogLevel.Information, "Job {Job} is already running elsewhere; nothing was done")]
    internal static partial void JobHeldElsewhere(ILogger logger, string job);

    [LoggerMessage(1302, LogLevel.Information, "Job {Job} changed {Affected} rows in {Pages} pages; complete: {Complete}")]
    internal static partial void JobEnded(ILogger logger, string job, long affected, int pages, bool complete);

    [LoggerMessage(1401, LogLevel.Information, "Migration {Migration} was applied to the schema {Schema}")]
    internal static partial void MigrationApplied(ILogger logger, string migration, string schema);

    [LoggerMessage(1402, LogLevel.Warning, "The connection on which new rows are waited for was lost ({ErrorType}); a new one is made")]
    internal static partial void SignalLost(ILogger logger, string errorType);

    [LoggerMessage(1403, LogLevel.Information, "New rows are waited for on a connection again")]
    internal static partial void SignalRestored(ILogger logger);

    [LoggerMessage(1404, LogLevel.Information, "Another process migrates the schema {Schema}; it has been waited for for {Seconds} s")]
    internal static partial void MigrationWaits(ILogger logger, string schema, double seconds);

    [LoggerMessage(1501, LogLevel.Warning, "The connection to NATS was lost: {Reason}")]
    internal static partial void NatsDisconnected(ILogger logger, string reason);

    [LoggerMessage(1502, LogLevel.Warning, "The connection to NATS does not answer after a pause ({ErrorType}); another one is made")]
    internal static partial void NatsConnectionDead(ILogger logger, string errorType);

    [LoggerMessage(1503, LogLevel.Information, "Stream {Stream} has event {EventId} already, as message {Sequence}: a copy of an earlier attempt, or another event under the same id")]
    internal static partial void NatsDuplicate(ILogger logger, string eventId, string stream, ulong sequence);

    [LoggerMessage(1506, LogLevel.Warning, "Message {Sequence} of stream {Stream} could not be answered ({ErrorType}); it comes again after its acknowledgement time")]
    internal static partial void NatsUnsettled(ILogger logger, string stream, ulong sequence, string errorType);

    [LoggerMessage(1507, LogLevel.Warning, "Nothing could be pulled from stream {Stream}: {Reason}")]
    internal static partial void NatsPullFailed(ILogger logger, string stream, string reason);

    [LoggerMessage(1508, LogLevel.Information, "Stream {Stream} was {Change}")]
    internal static partial void NatsStreamChanged(ILogger logger, string stream, string change);

    [LoggerMessage(1509, LogLevel.Information, "Consumer {Consumer} of stream {Stream} was {Change}")]
    internal static partial void NatsConsumerChanged(ILogger logger, string consumer, string stream, string change);

    [LoggerMessage(1510, LogLevel.Warning, "The server could not be told that messages are worked on ({ErrorType}); they may be delivered again, and wait then")]
    internal static partial void NatsProgressLost(ILogger logger, string errorType);

    [LoggerMessage(1511, LogLevel.Warning, "Stream {Stream} can lose acknowledged messages before they are consumed: {Losses}. Lift the limit, or let the stream refuse new messages instead (discard: new)")]
    internal static partial void NatsStreamLosesMessages(ILogger logger, string stream, string losses);
}
