using Microsoft.Extensions.Logging;

namespace Relaybox.Functions.Hosting;

/// <summary>Every log message of the functions, numbered. None carries a payload, a header's value or a secret.</summary>
internal static partial class FunctionLog
{
    [LoggerMessage(2001, LogLevel.Critical, "The function cannot start: {Reason}")]
    internal static partial void StartFailed(ILogger logger, string reason);

    [LoggerMessage(2002, LogLevel.Warning,
        "Setup has not run: the database has no tables of this stack. Invoke the function Setup; this one then works with its next run")]
    internal static partial void SetupMissing(ILogger logger);

    [LoggerMessage(2101, LogLevel.Error, "Stream record {SequenceNumber} cannot be relayed and is skipped: {Reason}")]
    internal static partial void StreamRecordUnreadable(ILogger logger, string? sequenceNumber, string reason);

    [LoggerMessage(2103, LogLevel.Information,
        "Sweep: {Sent} sent, {Retried} retried, {Parked} parked, {Late} late; the oldest row is due since {OldestDueSeconds} s")]
    internal static partial void SweepEnded(ILogger logger, int sent, int retried, int parked, int late, double oldestDueSeconds);

    [LoggerMessage(2104, LogLevel.Warning, "The sweep cannot use its store, and tries again until its run ends: {Reason}")]
    internal static partial void SweepStoreLost(ILogger logger, string reason);

    [LoggerMessage(2105, LogLevel.Information, "The sweep can use its store again")]
    internal static partial void SweepStoreRestored(ILogger logger);

    [LoggerMessage(2106, LogLevel.Warning,
        "An operator has paused the {Part}: nothing more was begun. `relaybox status` says who and why, `relaybox resume {Part}` ends it")]
    internal static partial void PartPaused(ILogger logger, string part);

    [LoggerMessage(2204, LogLevel.Error,
        "No handler is registered: messages are put back for an hour at a time, and none is handled. "
        + "Register yours in Handlers/HandlerSetup.cs, or deploy with DeployConsumer=false")]
    internal static partial void NoHandlers(ILogger logger);

    [LoggerMessage(2205, LogLevel.Information,
        "Pulled {Messages} messages: {Processed} processed, {Duplicates} duplicates, {Failed} to come again, {DeadLettered} dead-lettered")]
    internal static partial void PullEnded(ILogger logger, int messages, int processed, int duplicates, int failed, int deadLettered);

    [LoggerMessage(2301, LogLevel.Warning, "{Rows} rows have the status '{Status}', which is none of the contract's; they are not touched")]
    internal static partial void UnknownStatus(ILogger logger, long rows, string status);

    [LoggerMessage(2401, LogLevel.Information, "Audit: {Caller} asks by alias {Alias} for row {EventId} with its payload")]
    internal static partial void PayloadAsked(ILogger logger, string caller, string alias, string eventId);

    [LoggerMessage(2402, LogLevel.Information, "Audit: {Caller} asks by alias {Alias}: {Command} {Action} {Operation}")]
    internal static partial void ActionAsked(ILogger logger, string caller, string alias, string command, string action, string operation);

    [LoggerMessage(2403, LogLevel.Information, "Audit: {Caller} has begun the operation {Operation}, {Action}")]
    internal static partial void OperationBegun(ILogger logger, string caller, string operation, string action);

    [LoggerMessage(2404, LogLevel.Information,
        "Audit: the operation {Operation}, {Action}, has ended: {State}; {Applied} rows changed, {LeftAlone} left alone")]
    internal static partial void OperationEnded(ILogger logger, string operation, string action, string state, long applied, long leftAlone);

    [LoggerMessage(2408, LogLevel.Information, "Audit: the operation {Operation} deletes the rows {EventIds}")]
    internal static partial void RowsPurged(ILogger logger, string operation, string eventIds);

    [LoggerMessage(2406, LogLevel.Warning, "Audit: {Caller} has paused the {Part}")]
    internal static partial void PauseBegun(ILogger logger, string caller, string part);

    [LoggerMessage(2407, LogLevel.Information, "Audit: {Caller} has resumed the {Part}")]
    internal static partial void PauseEnded(ILogger logger, string caller, string part);

    [LoggerMessage(2405, LogLevel.Warning, "Audit: {Caller} asks by alias {Alias} for {Command}, which it does not allow, and is refused")]
    internal static partial void RequestRefused(ILogger logger, string caller, string alias, string command);
}
