using Relaybox.Diagnostics;

namespace Relaybox.Messaging;

/// <summary>The formats that this build writes and reads, by name.</summary>
public static class MessageFormats
{
    private static readonly IMessageFormat[] All = [new EnvelopeFormat()];

    /// <summary>The names of all formats.</summary>
    public static IEnumerable<string> Names => All.Select(format => format.Name);

    /// <summary>Finds a format.</summary>
    /// <param name="name">Its name; null for the default.</param>
    /// <exception cref="MessageFormatException">There is no format of that name.</exception>
    public static IMessageFormat Get(string? name) =>
        Array.Find(All, format => format.Name == (name ?? EnvelopeFormat.FormatName))
            ?? throw new MessageFormatException(
                ErrorCodes.MessageFormatUnknown, $"The message's format is unknown; known are: {string.Join(", ", Names)}.");
}
