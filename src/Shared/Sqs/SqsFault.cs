using System.Net;
using Amazon.SQS;
using Relaybox.Events;
using Relaybox.Messaging;

namespace Relaybox.Sqs;

/// <summary>Reads what a failed call says.</summary>
/// <param name="IsAboutContent">
/// Whether something in the request was refused. Otherwise it was the service, the way to it, or the caller's rights and
/// settings: that says nothing about the messages.
/// </param>
/// <param name="Code">The service's error code, or the exception's name.</param>
internal readonly record struct SqsFault(bool IsAboutContent, string Code)
{
    internal static SqsFault Of(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        _ when cancellationToken.IsCancellationRequested => new(false, "DeadlineReached"),
        AmazonSQSException e => new(RefusesContent(e), e.ErrorCode ?? e.StatusCode.ToString()),
        _ => new(false, exception.GetType().Name),
    };

    /// <summary>Whether the service refused characters of a body; which it takes differs between it and its emulators.</summary>
    internal static bool RefusesCharacters(string? code) => code?.Contains("InvalidMessageContents", StringComparison.Ordinal) == true;

    internal static bool IsThrottle(string? code) =>
        code is not null && (code.Contains("Throttl", StringComparison.OrdinalIgnoreCase)
            || code.EndsWith("OverLimit", StringComparison.Ordinal));

    internal PublishOutcome ToOutcome() =>
        !IsAboutContent ? PublishOutcome.Unavailable($"The queue cannot be used ({Code}).")
        : IsFinal(Code) ? PublishOutcome.Rejected(ErrorCodes.PublishRejected, $"The queue refused the message ({Code}).")
        : PublishOutcome.Unknown($"The call to the queue failed ({Code}).");

    // Rights, keys, a queue that is not there, throttling: an operator's matter, never a reason to give up on messages.
    private static bool RefusesContent(AmazonSQSException e) =>
        e.StatusCode == HttpStatusCode.RequestEntityTooLarge
        || (e.StatusCode == HttpStatusCode.BadRequest && (IsFinal(e.ErrorCode) || e.ErrorCode is "ValidationException"
            or "InvalidParameterValue" or "InvalidAttributeValue" or "InvalidBatchEntryId" or "MissingParameter"));

    private static bool IsFinal(string? code) =>
        RefusesCharacters(code) || code?.EndsWith("BatchRequestTooLong", StringComparison.Ordinal) == true;
}
