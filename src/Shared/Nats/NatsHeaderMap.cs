using NATS.Client.Core;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;

namespace Relaybox.Nats;

/// <summary>A message's attributes as headers, and back.</summary>
internal static class NatsHeaderMap
{
    internal static NatsHeaders Write(OutboxEvent outboxEvent, MessageAttributes attributes)
    {
        // First of all headers: the server takes the first place where the name stands.
        var headers = new NatsHeaders(4 + outboxEvent.Headers.Count)
        {
            [NatsHeaderNames.MessageId] = NatsHeaderText.MessageId(outboxEvent.PublicationId),
        };
        Add(headers, NatsHeaderNames.Format, attributes.Format);
        Add(headers, NatsHeaderNames.Subject, attributes.Subject);
        var hasPlainId = attributes.EventId is { } id && NatsHeaderText.IsPlain(id);
        if (hasPlainId)
        {
            headers[NatsHeaderNames.EventId] = attributes.EventId;
        }

        AddEventHeaders(headers, outboxEvent.Headers);
        var properties = MessageProperties.Write(attributes, withEventId: !hasPlainId);
        if (properties.Count > 0)
        {
            headers[NatsHeaderNames.Properties] = NatsHeaderText.WriteMap(properties);
        }

        return headers;
    }

    /// <exception cref="MessageFormatException">A header cannot be read.</exception>
    internal static MessageAttributes Read(NatsHeaders? headers)
    {
        if (headers is null)
        {
            return MessageAttributes.None;
        }

        var attributes = new MessageAttributes
        {
            Format = Find(headers, NatsHeaderNames.Format),
            EventId = Find(headers, NatsHeaderNames.EventId),
            Subject = Find(headers, NatsHeaderNames.Subject),
        };
        if (attributes.Format is null)
        {
            // Nothing else belongs to a format that is not there.
            return MessageAttributes.None;
        }

        if (Find(headers, NatsHeaderNames.Properties) is { } text)
        {
            attributes = MessageProperties.Read(attributes, NatsHeaderText.ReadMap(text, NatsHeaderNames.Properties));
        }

        return attributes.Format == RawFormat.FormatName ? attributes with { Headers = ReadEventHeaders(headers) } : attributes;
    }

    internal static string? Find(NatsHeaders? headers, string name) =>
        headers is not null && headers.TryGetLastValue(name, out var value) ? value : null;

    /// <summary>Adds an event's headers: each as itself where it can travel so, the others together in one.</summary>
    internal static void AddEventHeaders(NatsHeaders headers, IEnumerable<KeyValuePair<string, string>> eventHeaders)
    {
        Dictionary<string, string>? others = null;
        foreach (var (name, value) in eventHeaders)
        {
            // Names that differ in case only would become one.
            if (NatsHeaderText.IsPlain(name, value) && !headers.ContainsKey(name))
            {
                headers[name] = value;
            }
            else
            {
                (others ??= new(StringComparer.Ordinal)).TryAdd(name, value);
            }
        }

        if (others is not null)
        {
            headers[NatsHeaderNames.Headers] = NatsHeaderText.WriteMap(others);
        }
    }

    private static Dictionary<string, string> ReadEventHeaders(NatsHeaders headers)
    {
        var read = Find(headers, NatsHeaderNames.Headers) is { } others
            ? NatsHeaderText.ReadMap(others, NatsHeaderNames.Headers)
            : new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in headers)
        {
            if (!name.StartsWith(NatsHeaderNames.OwnPrefix, StringComparison.OrdinalIgnoreCase)
                && !name.StartsWith(NatsHeaderNames.ServerPrefix, StringComparison.OrdinalIgnoreCase))
            {
                read.TryAdd(name, values.Count > 0 ? values[^1] ?? "" : "");
            }
        }

        return read;
    }

    private static void Add(NatsHeaders headers, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            headers[name] = value;
        }
    }
}
