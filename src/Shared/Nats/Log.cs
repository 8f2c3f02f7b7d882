using Microsoft.Extensions.Logging;

namespace Relaybox.Nats;

/// <summary>Every log message of the broker NATS JetStream, numbered. None carries a payload, a header's value or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(1501, LogLevel.Warning, "The connection to NATS was lost: {Reason}")]
    internal static partial void Disconnected(ILogger logger, string reason);

    [LoggerMessage(1502, LogLevel.Warning, "The connection to NATS does not answer after a pause ({ErrorType}); another one is opened")]
    internal static partial void ConnectionDead(ILogger logger, string errorType);

    [LoggerMessage(1503, LogLevel.Information,
        "Stream {Stream} has event {EventId} already, as message {Sequence}: a copy of an earlier attempt, or another event under the same id")]
    internal static partial void Duplicate(ILogger logger, string eventId, string stream, ulong sequence);

    [LoggerMessage(1506, LogLevel.Warning,
        "Message {Sequence} of stream {Stream} could not be answered ({Reason}); it comes again after its acknowledgement time")]
    internal static partial void Unsettled(ILogger logger, string stream, ulong sequence, string reason);

    [LoggerMessage(1507, LogLevel.Warning, "Nothing could be pulled from stream {Stream}: {Reason}. It is tried again until the run ends")]
    internal static partial void PullFailed(ILogger logger, string stream, string reason);

    [LoggerMessage(1508, LogLevel.Information, "Stream {Stream} was {Change}")]
    internal static partial void StreamChanged(ILogger logger, string stream, string change);

    [LoggerMessage(1509, LogLevel.Information, "Consumer {Consumer} of stream {Stream} was {Change}")]
    internal static partial void ConsumerChanged(ILogger logger, string consumer, string stream, string change);

    [LoggerMessage(1510, LogLevel.Warning,
        "The server could not be told that messages are in progress ({ErrorType}); it may deliver them again, and those copies wait")]
    internal static partial void ProgressLost(ILogger logger, string errorType);

    [LoggerMessage(1511, LogLevel.Warning,
        "Stream {Stream} can lose acknowledged messages before they are consumed: {Losses}. "
        + "Lift the limit, or let the stream refuse new messages instead (discard: new)")]
    internal static partial void StreamLosesMessages(ILogger logger, string stream, string losses);

    [LoggerMessage(1512, LogLevel.Information, "Stream {Stream} can be pulled from again, {Seconds:0.0} s after the first failure")]
    internal static partial void PullRestored(ILogger logger, string stream, double seconds);
}
