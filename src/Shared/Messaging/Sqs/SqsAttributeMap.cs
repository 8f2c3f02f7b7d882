using Amazon.SQS.Model;
using Relaybox.Diagnostics;
using Relaybox.Outbox;

namespace Relaybox.Messaging.Sqs;

/// <summary>A message's attributes as those of SQS, and back.</summary>
public static class SqsAttributeMap
{
    private const string EventId = "eventId";
    private const string OrderingKey = "orderingKey";
    private const string EnqueuedAt = "enqueuedAt";
    private const string Result = "result";
    private const string PublishedAt = "publishedAt";

    /// <summary>Reads what came beside a body.</summary>
    /// <param name="find">Finds a message attribute's text by its name; null where there is none.</param>
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
            // Attributes of these names on another's message are none of ours.
            return attributes;
        }

        var properties = find(SqsAttributes.Properties) is { } json
            ? StringMap.Parse(json, SqsAttributes.Properties)
            : OutboxEvent.EmptyHeaders;
        attributes = attributes with { PublishedAt = JsonField.ParseTime(properties.GetValueOrDefault(PublishedAt), PublishedAt) };
        if (format != RawFormat.FormatName)
        {
            return attributes;
        }

        if (find(SqsAttributes.Headers) is { } headers)
        {
            attributes = attributes with { Headers = StringMap.Parse(headers, SqsAttributes.Headers) };
        }

        return attributes with
        {
            EventId = attributes.EventId ?? properties.GetValueOrDefault(EventId),
            OrderingKey = properties.GetValueOrDefault(OrderingKey),
            EnqueuedAt = JsonField.ParseTime(properties.GetValueOrDefault(EnqueuedAt), EnqueuedAt),
            Result = properties.GetValueOrDefault(Result),
        };
    }

    /// <summary>Reads a body as it came, in the encoding that its attributes name.</summary>
    /// <param name="body">The body's text; null for none.</param>
    /// <param name="find">Finds a message attribute's text by its name; null where there is none.</param>
    /// <exception cref="MessageFormatException">The body is not of its encoding.</exception>
    public static ReadOnlyMemory<byte> ReadBody(string? body, Func<string, string?> find)
    {
        ArgumentNullException.ThrowIfNull(find);
        try
        {
            return find(SqsAttributes.Encoding) switch
            {
                null => Utf8.Strict.GetBytes(body ?? ""),
                SqsAttributes.Base64 => Convert.FromBase64String(body ?? ""),
                SqsAttributes.Empty => ReadOnlyMemory<byte>.Empty,
                _ => throw new MessageFormatException(
                    ErrorCodes.MessageFormatUnknown, "The message's encoding is unknown; known are base64, empty and none."),
            };
        }
        catch (Exception e) when (e is System.Text.EncoderFallbackException || (e is FormatException and not MessageFormatException))
        {
            throw MessageFormatException.Unreadable("The message's body is not text of its encoding.");
        }
    }

    internal static Dictionary<string, MessageAttributeValue> Write(MessageAttributes attributes)
    {
        var properties = new Dictionary<string, string>();
        var written = new Dictionary<string, MessageAttributeValue>(7);
        Add(written, SqsAttributes.Subject, attributes.Subject);
        Add(written, SqsAttributes.Format, attributes.Format);
        if (attributes.EventId is { } id && SqsText.IsLegalBody(id))
        {
            Add(written, SqsAttributes.EventId, id);
        }
        else if (attributes is { EventId: { } other, Format: RawFormat.FormatName })
        {
            properties[EventId] = other;
        }

        if (attributes.Headers.Count > 0)
        {
            Add(written, SqsAttributes.Headers, StringMap.Write(attributes.Headers));
        }

        AddProperty(properties, OrderingKey, attributes.OrderingKey);
        AddProperty(properties, EnqueuedAt, attributes.EnqueuedAt is { } at ? JsonField.WriteTime(at) : null);
        AddProperty(properties, Result, attributes.Result);
        AddProperty(properties, PublishedAt, attributes.PublishedAt is { } published ? JsonField.WriteTime(published) : null);
        if (properties.Count > 0)
        {
            Add(written, SqsAttributes.Properties, StringMap.Write(properties));
        }

        return written;
    }

    private static void Add(Dictionary<string, MessageAttributeValue> attributes, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            attributes[name] = SqsEntry.Text(value);
        }
    }

    private static void AddProperty(Dictionary<string, string> properties, string name, string? value)
    {
        if (value is not null)
        {
            properties[name] = value;
        }
    }
}
