using NATS.Client.Core;
using Relaybox.Outbox;

namespace Relaybox.Messaging.Nats;

/// <summary>A message's attributes as headers, and back.</summary>
internal static class NatsHeaderMap
{
    private const string EventId = "eventId";
    private const string OrderingKey = "orderingKey";
    private const string EnqueuedAt = "enqueuedAt";
    private const string Result = "result";
    private const string PublishedAt = "publishedAt";

    internal static NatsHeaders Write(OutboxEvent outboxEvent, MessageAttributes attributes)
    {
        // First of all headers: the server takes the first place where the name stands.
        var headers = new NatsHeaders(4 + outboxEvent.Headers.Count) { [NatsHeaderNames.MessageId] = NatsHeaderText.MessageId(outboxEvent.EventId) };
        var properties = new Dictionary<string, string>(0);
        Add(headers, NatsHeaderNames.Format, attributes.Format);
        Add(headers, NatsHeaderNames.Subject, attributes.Subject);
        if (attributes.EventId is { } id && NatsHeaderText.IsPlain(id))
        {
            headers[NatsHeaderNames.EventId] = id;
        }
        else
        {
            AddProperty(properties, EventId, attributes.EventId);
        }

        AddEventHeaders(headers, outboxEvent.Headers);
        AddProperty(properties, OrderingKey, attributes.OrderingKey);
        AddProperty(properties, EnqueuedAt, attributes.EnqueuedAt is { } at ? JsonField.WriteTime(at) : null);
        AddProperty(properties, Result, attributes.Result);
        AddProperty(properties, PublishedAt, attributes.PublishedAt is { } published ? JsonField.WriteTime(published) : null);
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
            // Headers of these names on another's message are none of ours.
            return MessageAttributes.None;
        }

        if (Find(headers, NatsHeaderNames.Properties) is { } text)
        {
            var properties = NatsHeaderText.ReadMap(text, NatsHeaderNames.Properties);
            attributes = attributes with
            {
                EventId = attributes.EventId ?? properties.GetValueOrDefault(EventId),
                OrderingKey = properties.GetValueOrDefault(OrderingKey),
                EnqueuedAt = JsonField.ParseTime(properties.GetValueOrDefault(EnqueuedAt), EnqueuedAt),
                Result = properties.GetValueOrDefault(Result),
                PublishedAt = JsonField.ParseTime(properties.GetValueOrDefault(PublishedAt), PublishedAt),
            };
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

    private static void AddProperty(Dictionary<string, string> properties, string name, string? value)
    {
        if (value is not null)
        {
            properties[name] = value;
        }
    }
}
