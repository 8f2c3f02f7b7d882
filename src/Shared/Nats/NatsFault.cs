using NATS.Client.Core;
using NATS.Client.JetStream.Models;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>Reads what went wrong with a message.</summary>
internal static class NatsFault
{
    // JetStream's error codes, by its public list.
    private const int MessageExceedsMaximum = 10054;
    private const int HeaderExceedsMaximum = 10097;
    private const int StreamNotMatch = 10060;
    private const int SealedStream = 10109;

    /// <summary>
    /// Whether a call of the client failed by what the server or the caller did. It is neither where the memory of the process has run out:
    /// the client wraps that as it wraps a lost connection.
    /// </summary>
    internal static bool IsOfUse(Exception exception) => exception is NatsException or OperationCanceledException && !MemoryFault.IsIn(exception);

    /// <summary>The message was not sent.</summary>
    internal static PublishOutcome NotSent(Exception exception) => exception switch
    {
        NatsPayloadTooLargeException e => PublishOutcome.Rejected(ErrorCodes.MessageTooLarge, $"{e.Message} {ClaimCheck.Hint}"),
        OperationCanceledException => PublishOutcome.Unavailable("The deadline came before the message was sent."),
        SecretException or SettingsException => PublishOutcome.Unavailable($"NATS cannot be used: {exception.Message}"),
        _ => PublishOutcome.Unavailable($"NATS cannot be reached: {exception.Message}"),
    };

    /// <summary>The message was sent, and this came of it.</summary>
    internal static PublishOutcome Outcome(NatsAnswer answer, string subject) => answer.Kind switch
    {
        NatsAnswerKind.Accepted => PublishOutcome.Accepted,
        NatsAnswerKind.KnownCopy => PublishOutcome.KnownCopy,
        NatsAnswerKind.Refused => Refused(answer.Acknowledgement!.Error!, subject),
        NatsAnswerKind.Forbidden => PublishOutcome.Unknown(
            $"The server refused '{subject}': {answer.Reason}. Allow the user to publish there, or correct the subject."),
        NatsAnswerKind.NoResponders => PublishOutcome.Unavailable(
            $"No stream takes the subject '{subject}'. Create one that covers it, or correct the prefix of the subjects."),
        NatsAnswerKind.Silent => PublishOutcome.Unknown($"The stream of '{subject}' did not acknowledge the message in time; it may have it."),
        NatsAnswerKind.Malformed =>
            PublishOutcome.Unknown($"The answer on '{subject}' is not a stream's acknowledgement; a stream may have the message."),

        // The same for all that was sent: no fault of the message, and it may have arrived.
        NatsAnswerKind.Abandoned => PublishOutcome.Unavailable("The deadline came before the acknowledgement; the stream may have the message."),
        NatsAnswerKind.Deaf => PublishOutcome.Unavailable($"NATS cannot be used: {answer.Reason}"),
        _ => PublishOutcome.Unknown($"The acknowledgement was lost; the stream may have the message: {answer.Reason}"),
    };

    /// <summary>The stream answered with an error: it does not have the message.</summary>
    private static PublishOutcome Refused(ApiError error, string subject)
    {
        var text = $"The stream refused '{subject}': {error.Description} ({error.ErrCode})";
        return error switch
        {
            { ErrCode: MessageExceedsMaximum or HeaderExceedsMaximum } => PublishOutcome.Rejected(ErrorCodes.MessageTooLarge, text),

            // Full, out of resources, without a leader, sealed: an operator's matter, never a reason to give up on messages.
            { Code: >= 500 or 408 or 429 } or { ErrCode: StreamNotMatch or SealedStream } => PublishOutcome.Unavailable(text),
            _ => PublishOutcome.Unknown(text),
        };
    }
}
