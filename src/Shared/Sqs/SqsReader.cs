using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Sqs;

/// <summary>
/// Reads a message of a queue as an event of an outbox: one in the format that it names, or that its body shows, and one that
/// SNS or EventBridge have wrapped. Of anything else it says what it is.
/// </summary>
/// <param name="unwraps">Whether an event is taken out of what SNS or EventBridge put around it.</param>
internal sealed class SqsReader(bool unwraps = true)
{
    // EventBridge can send by SNS.
    private const int MostWrappers = 2;

    /// <summary>Reads a message.</summary>
    /// <param name="body">The body's text; null for none.</param>
    /// <param name="find">Finds a message attribute's text by its name, or null.</param>
    /// <param name="findBytes">Finds a message attribute's bytes by its name, or null.</param>
    /// <returns>The event, and what came beside its body. Whether it keeps the row contract is for the caller to check.</returns>
    /// <exception cref="MessageFormatException">The message is no event of an outbox. The text says what it is, where that is known.</exception>
    public (OutboxEvent Event, MessageAttributes Attributes) Read(
        string? body, Func<string, string?> find, Func<string, MemoryStream?> findBytes)
    {
        ArgumentNullException.ThrowIfNull(findBytes);
        var text = findBytes(SqsAttributes.Body) is { } compressed
            ? Utf8.Read(Gzip.Decompress(compressed.ToArray(), SqsPublisherOptions.MaxMessageBytes))
            : body;
        return Read(text, find, MostWrappers);
    }

    private (OutboxEvent Event, MessageAttributes Attributes) Read(string? text, Func<string, string?> find, int wrappers)
    {
        using var bytes = SqsAttributeMap.ReadBody(text, find);
        var (body, attributes) = (bytes.Written, SqsAttributeMap.Read(find));

        // What names its format is an event, whatever its payload looks like.
        return attributes.Format is null && wrappers > 0 && AwsMessage.Of(body) is { } message
            ? Unwrap(message, wrappers - 1)
            : (MessageFormats.Read(body, attributes), attributes);
    }

    private (OutboxEvent Event, MessageAttributes Attributes) Unwrap(AwsMessage message, int wrappers)
    {
        if (message.Content is not { } content)
        {
            throw MessageFormatException.Unreadable($"The message is {message.Name}, not an event of an outbox.{message.Advice}");
        }

        if (!unwraps)
        {
            throw MessageFormatException.Unreadable(
                $"The message is {message.Name}, and SQS_UNWRAP is off. Turn it on, or have the event sent as it is.");
        }

        try
        {
            return Read(content, message.Find, wrappers);
        }
        catch (MessageFormatException e)
        {
            throw new MessageFormatException(e.Code, $"The message is {message.Name}, and what it holds is no event of an outbox: {e.Message}");
        }
    }
}
