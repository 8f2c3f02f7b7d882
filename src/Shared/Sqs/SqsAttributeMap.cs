using System.Buffers.Text;
using Amazon.SQS.Model;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Sqs;

/// <summary>A message's attributes as those of SQS, and back.</summary>
internal static class SqsAttributeMap
{
    private const string NotOfItsEncoding = "The message's body is not text of its encoding.";

    /// <summary>Reads what came beside a body.</summary>
    /// <param name="find">Finds a message attribute's text by its name, or null.</param>
    /// <exception cref="MessageFormatException">An attribute cannot be read.</exception>
    public static MessageAttributes Read(Func<string, string?> find)
    {
        ArgumentNullException.ThrowIfNull(find);
        var attributes = new MessageAttributes
        {
            Format = find(SqsAttributes.Format),
            EventId = find(SqsAttributes.EventId),
            Subject = find(SqsAttributes.Subject),
        };
        if (attributes.Format is not { } format || !MessageFormats.Names.Contains(format))
        {
            // Nothing else belongs to a format that is not there, or not known.
            return attributes;
        }

        var properties = find(SqsAttributes.Properties) is { } json
            ? StringMap.Parse(json, SqsAttributes.Properties)
            : OutboxEvent.EmptyHeaders;
        if (format != RawFormat.FormatName)
        {
            return MessageProperties.ReadCommon(attributes, properties);
        }

        attributes = MessageProperties.Read(attributes, properties);
        return find(SqsAttributes.Headers) is { } headers
            ? attributes with { Headers = StringMap.Parse(headers, SqsAttributes.Headers) }
            : attributes;
    }

    /// <summary>Reads a body as it came, in the encoding that its attributes name. The caller disposes of it.</summary>
    /// <param name="body">The body's text; null for none.</param>
    /// <param name="find">Finds a message attribute's text by its name, or null.</param>
    /// <exception cref="MessageFormatException">The body is not of its encoding.</exception>
    public static PooledBuffer ReadBody(string? body, Func<string, string?> find)
    {
        ArgumentNullException.ThrowIfNull(find);
        try
        {
            return find(SqsAttributes.Encoding) switch
            {
                null => PooledBuffer.Of(body ?? "", Utf8.Strict),
                SqsAttributes.Base64 => FromBase64(body ?? ""),
                SqsAttributes.Empty => new PooledBuffer(),
                _ => throw new MessageFormatException(
                    ErrorCodes.MessageFormatUnknown, "The message's encoding is unknown; known are base64, empty and none."),
            };
        }
        catch (Exception e) when (e is System.Text.EncoderFallbackException)
        {
            throw MessageFormatException.Unreadable(NotOfItsEncoding);
        }
    }

    internal static Dictionary<string, MessageAttributeValue> Write(MessageAttributes attributes)
    {
        var written = new Dictionary<string, MessageAttributeValue>(7);
        Add(written, SqsAttributes.Subject, attributes.Subject);
        Add(written, SqsAttributes.Format, attributes.Format);
        var hasPlainId = attributes.EventId is { } id && SqsText.IsLegalBody(id);
        if (hasPlainId)
        {
            Add(written, SqsAttributes.EventId, attributes.EventId);
        }

        if (attributes.Headers.Count > 0)
        {
            Add(written, SqsAttributes.Headers, StringMap.Write(attributes.Headers));
        }

        var properties = MessageProperties.Write(attributes, withEventId: !hasPlainId && attributes.Format == RawFormat.FormatName);
        if (properties.Count > 0)
        {
            Add(written, SqsAttributes.Properties, StringMap.Write(properties));
        }

        return written;
    }

    private static PooledBuffer FromBase64(string body)
    {
        var bytes = new PooledBuffer();
        if (Convert.TryFromBase64String(body, bytes.GetSpan(Base64.GetMaxDecodedFromUtf8Length(body.Length)), out var count))
        {
            bytes.Advance(count);
            return bytes;
        }

        bytes.Dispose();
        throw MessageFormatException.Unreadable(NotOfItsEncoding);
    }

    private static void Add(Dictionary<string, MessageAttributeValue> attributes, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            attributes[name] = SqsEntry.Text(value);
        }
    }
}
