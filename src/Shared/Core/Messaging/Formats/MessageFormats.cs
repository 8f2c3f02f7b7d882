using Relaybox.Events;

namespace Relaybox.Messaging.Formats;

/// <summary>The formats that this build writes and reads, by name.</summary>
internal static class MessageFormats
{
    private static readonly IMessageFormat Default = new EnvelopeFormat();
    private static readonly IMessageFormat CloudEvents = new CloudEventsFormat();
    private static readonly IMessageFormat[] All = [Default, CloudEvents, new RawFormat()];

    /// <summary>The names of all formats.</summary>
    public static IEnumerable<string> Names { get; } = [.. All.Select(format => format.Name)];

    /// <summary>Finds a format.</summary>
    /// <param name="name">Its name; null for the default.</param>
    /// <exception cref="MessageFormatException">There is no format of that name.</exception>
    public static IMessageFormat Get(string? name) =>
        Array.Find(All, format => format.Name == (name ?? EnvelopeFormat.FormatName))
            ?? throw new MessageFormatException(
                ErrorCodes.MessageFormatUnknown, $"The message's format is unknown; known are: {string.Join(", ", Names)}.");

    /// <summary>Finds a format to write in.</summary>
    /// <param name="name">Its name; null for the default.</param>
    /// <param name="source">The source of its events, where they are CloudEvents.</param>
    /// <exception cref="MessageFormatException">There is no format of that name.</exception>
    /// <exception cref="ArgumentException">The source is not a URI reference.</exception>
    public static IMessageFormat Get(string? name, string source) =>
        Get(name) is CloudEventsFormat ? new CloudEventsFormat(source) : Get(name);

    /// <summary>
    /// Reads a message in the format that it names. One that names none is a CloudEvent where it says so itself, and
    /// otherwise an envelope.
    /// </summary>
    /// <param name="body">The body as UTF-8.</param>
    /// <param name="attributes">What came beside it.</param>
    /// <returns>The event. Whether it keeps the row contract is for the caller to check.</returns>
    /// <exception cref="MessageFormatException">The message cannot be read.</exception>
    public static OutboxEvent Read(ReadOnlyMemory<byte> body, MessageAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        var format = attributes.Format is { } name ? Get(name)
            : CloudEventsReader.IsCloudEvent(body.Span) ? CloudEvents
            : Default;
        var outboxEvent = format.Read(body, attributes);
        return attributes.EventId is not { } id || id == outboxEvent.EventId
            ? attributes.ReplayId is { } replay ? outboxEvent with { ReplayId = replay } : outboxEvent
            : throw MessageFormatException.Unreadable("The message's attribute with its event id and its body name different events.");
    }
}
