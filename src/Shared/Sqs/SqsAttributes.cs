using Relaybox.Events;
using Relaybox.Messaging.Formats;

namespace Relaybox.Sqs;

/// <summary>The message attributes that travel with an event, and with a dead letter.</summary>
internal static class SqsAttributes
{
    /// <summary>The event id.</summary>
    public const string EventId = "event-id";

    /// <summary>The subject, for filters and people.</summary>
    public const string Subject = "subject";

    /// <summary>The body's format: one of <see cref="MessageFormats.Names"/>.</summary>
    public const string Format = "format";

    /// <summary>How the body is encoded; <see cref="Base64"/>, or absent for text.</summary>
    public const string Encoding = "encoding";

    /// <summary>The value of <see cref="Encoding"/> for a body that holds characters which SQS does not take.</summary>
    public const string Base64 = "base64";

    /// <summary>
    /// The value of <see cref="Encoding"/> for a body that is empty, which SQS does not take: it is <see cref="EmptyBody"/> on the
    /// wire.
    /// </summary>
    public const string Empty = "empty";

    /// <summary>What stands for an empty body.</summary>
    public const string EmptyBody = "-";

    /// <summary>The event's headers as a JSON object of strings, where the body does not hold them.</summary>
    public const string Headers = "headers";

    /// <summary>
    /// What else the body does not hold, as a JSON object of strings: <c>orderingKey</c>, <c>enqueuedAt</c>, <c>result</c>,
    /// <c>publishedAt</c> (in every format), and <c>eventId</c> where SQS does not take it as text. Two attributes for all of
    /// this, since a message may have ten and a dead letter needs three.
    /// </summary>
    public const string Properties = "properties";

    /// <summary>The W3C trace context, taken from the header of the same name.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>On a dead letter: one of <see cref="ErrorCodes"/>.</summary>
    public const string ErrorCode = "error-code";

    /// <summary>On a dead letter: why, in words.</summary>
    public const string ErrorMessage = "error-message";

    /// <summary>On a dead letter: the id of the message that it is a copy of.</summary>
    public const string SourceMessageId = "source-message-id";
}
