
namespace Relaybox.Messaging;

/// <summary>
/// Attributes that share one place on the wire as a map of texts, because a transport has few places, or takes fewer
/// characters in them.
/// </summary>
internal static class MessageProperties
{
    private const string EventId = "eventId";
    private const string OrderingKey = "orderingKey";
    private const string EnqueuedAt = "enqueuedAt";
    private const string Result = "result";
    private const string PublishedAt = "publishedAt";
    private const string ReplayId = "replayId";

    private const int MostOfReplayId = 64;

    /// <param name="attributes">The attributes; what is null is not written.</param>
    /// <param name="withEventId">Whether the event id has no place of its own.</param>
    internal static Dictionary<string, string> Write(MessageAttributes attributes, bool withEventId)
    {
        var properties = new Dictionary<string, string>(0);
        Add(EventId, withEventId ? attributes.EventId : null);
        Add(OrderingKey, attributes.OrderingKey);
        Add(EnqueuedAt, Text(attributes.EnqueuedAt));
        Add(Result, attributes.Result);
        Add(PublishedAt, Text(attributes.PublishedAt));
        Add(ReplayId, attributes.ReplayId);
        return properties;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                properties[name] = value;
            }
        }

        static string? Text(DateTimeOffset? at) => at is { } time ? JsonField.WriteTime(time) : null;
    }

    /// <summary>The attributes with what the properties hold; an event id with a place of its own stays.</summary>
    /// <exception cref="MessageFormatException">A property cannot be read.</exception>
    internal static MessageAttributes Read(MessageAttributes attributes, IReadOnlyDictionary<string, string> properties) =>
        ReadCommon(attributes, properties) with
        {
            EventId = attributes.EventId ?? properties.GetValueOrDefault(EventId),
            OrderingKey = properties.GetValueOrDefault(OrderingKey),
            EnqueuedAt = JsonField.ParseTime(properties.GetValueOrDefault(EnqueuedAt), EnqueuedAt),
            Result = properties.GetValueOrDefault(Result),
        };

    /// <summary>The attributes with those that every format has among its properties.</summary>
    /// <exception cref="MessageFormatException">One of them cannot be read.</exception>
    internal static MessageAttributes ReadCommon(MessageAttributes attributes, IReadOnlyDictionary<string, string> properties) =>
        attributes with
        {
            PublishedAt = JsonField.ParseTime(properties.GetValueOrDefault(PublishedAt), PublishedAt),
            ReplayId = properties.GetValueOrDefault(ReplayId) is { } replay ? RequireReplayId(replay) : null,
        };

    // It becomes part of a key in every store.
    private static string RequireReplayId(string text) =>
        text.Length is > 0 and <= MostOfReplayId && text.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-')
            ? text
            : throw MessageFormatException.Unreadable(
                $"The property '{ReplayId}' must be 1 to {MostOfReplayId} letters, digits and dashes.");
}
