using Relaybox.Events;
using Relaybox.Messaging.Formats;

namespace Relaybox.Sqs;

/// <summary>
/// The message attributes that travel with an event, and with a dead letter. Only Relaybox uses names with this prefix: an
/// attribute of any other name is another producer's, and is not read.
/// </summary>
internal static class SqsAttributes
{
    private const string Prefix = "relaybox-";

    /// <summary>The event id.</summary>
    public const string EventId = Prefix + "event-id";

    /// <summary>The subject, for filters and people.</summary>
    public const string Subject = Prefix + "subject";

    /// <summary>The body's format: one of <see cref="MessageFormats.Names"/>.</summary>
    public const string Format = Prefix + "format";

    /// <summary>How the body is encoded; <see cref="Base64"/>, or absent for text.</summary>
    public const string Encoding = Prefix + "encoding";

    /// <summary>The value of <see cref="Encoding"/> for a body that holds characters which SQS does not take.</summary>
    public const string Base64 = "base64";

    /// <summary>
    /// The value of <see cref="Encoding"/> for a body that is empty, which SQS does not take: it is <see cref="EmptyBody"/> on the
    /// wire.
    /// </summary>
    public const string Empty = "empty";

    /// <summary>What stands for a body that is empty, or that is in <see cref="Body"/>.</summary>
    public const string EmptyBody = "-";

    /// <summary>The event's headers as a JSON object of strings, where the body does not hold them.</summary>
    public const string Headers = Prefix + "headers";

    /// <summary>
    /// What else the body does not hold, as a JSON object of strings: <c>orderingKey</c>, <c>enqueuedAt</c>, <c>result</c>,
    /// <c>publishedAt</c> (in every format), and <c>eventId</c> where SQS does not take it as text. Two attributes for all of
    /// this, since a message may have ten and a dead letter needs three.
    /// </summary>
    public const string Properties = Prefix + "properties";

    /// <summary>
    /// On a dead letter that would not fit otherwise: its body's UTF-8, compressed (gzip), as bytes. On the wire the body is
    /// <see cref="EmptyBody"/>; a message that is moved back is read as the original.
    /// </summary>
    public const string Body = Prefix + "body";

    /// <summary>The W3C trace context, taken from the header of the same name.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>On a dead letter: one of <see cref="ErrorCodes"/>.</summary>
    public const string ErrorCode = Prefix + "error-code";

    /// <summary>On a dead letter: why, in words.</summary>
    public const string ErrorMessage = Prefix + "error-message";

    /// <summary>On a dead letter: the id of the message that it is a copy of.</summary>
    public const string SourceMessageId = Prefix + "source-message-id";

    internal static bool IsOwn(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);
}
