using Microsoft.Extensions.Logging;

namespace Relaybox.Sqs;

/// <summary>Every log message of the broker SQS, numbered. None carries a payload, a header's value or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(1101, LogLevel.Warning, "Sending a batch of {Messages} messages failed: {ErrorCode}")]
    internal static partial void SendBatchFailed(ILogger logger, int messages, string errorCode);

    [LoggerMessage(1102, LogLevel.Warning,
        "The visibility of {Messages} messages could not be set ({ErrorType}); they come back after the queue's own timeout")]
    internal static partial void VisibilityUnchanged(ILogger logger, int messages, string errorType);
}
