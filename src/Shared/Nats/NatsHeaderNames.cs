using Relaybox.Events;
using Relaybox.Messaging.Formats;

namespace Relaybox.Nats;

/// <summary>The headers that travel with an event, and with a dead letter, beside the event's own.</summary>
internal static class NatsHeaderNames
{
    /// <summary>
    /// The event id, by which the stream knows a copy within its duplicate window. An id that a header cannot carry
    /// unchanged is replaced by its hash here.
    /// </summary>
    public const string MessageId = "Nats-Msg-Id";

    /// <summary>The event id, where a header can carry it.</summary>
    public const string EventId = "Relaybox-Event-Id";

    /// <summary>The event's subject, without the prefix that it is published under.</summary>
    public const string Subject = "Relaybox-Subject";

    /// <summary>The body's format: one of <see cref="MessageFormats.Names"/>.</summary>
    public const string Format = "Relaybox-Format";

    /// <summary>
    /// Those of the event's headers that cannot travel as headers of the message, as a JSON object of strings; in base64 where
    /// the server would take a part of it for an order to itself.
    /// </summary>
    public const string Headers = "Relaybox-Headers";

    /// <summary>
    /// What else the body does not hold, in the same way: <c>orderingKey</c>, <c>enqueuedAt</c>, <c>result</c>, and
    /// <c>eventId</c> where it is not in a header of its own.
    /// </summary>
    public const string Properties = "Relaybox-Properties";

    /// <summary>On a dead letter that would not fit otherwise: how its body is encoded.</summary>
    public const string Encoding = "Relaybox-Encoding";

    /// <summary>The value of <see cref="Encoding"/> for a body that is compressed (gzip). It is read as the original.</summary>
    public const string Compressed = "gzip";

    /// <summary>
    /// On a dead letter that does not fit even so: <see cref="CutBody"/>. The end of its body is not there, so that it is never
    /// read as an event; the source stream has it for as long as it keeps messages.
    /// </summary>
    public const string Cut = "Relaybox-Cut";

    /// <summary>The value of <see cref="Cut"/>.</summary>
    public const string CutBody = "body";

    /// <summary>On a dead letter: one of <see cref="ErrorCodes"/>.</summary>
    public const string ErrorCode = "Relaybox-Error-Code";

    /// <summary>On a dead letter: why, in words.</summary>
    public const string ErrorMessage = "Relaybox-Error-Message";

    /// <summary>On a dead letter: the stream that the message is a copy from.</summary>
    public const string SourceStream = "Relaybox-Source-Stream";

    /// <summary>On a dead letter: the message's sequence in that stream.</summary>
    public const string SourceSequence = "Relaybox-Source-Sequence";

    /// <summary>On a dead letter: the message's subject in that stream.</summary>
    public const string SourceSubject = "Relaybox-Source-Subject";

    /// <summary>The most bytes that JetStream takes as the headers of a message.</summary>
    internal const int MaxBytes = 65_535;

    internal const string OwnPrefix = "Relaybox-";
    internal const string ServerPrefix = "Nats-";
}
