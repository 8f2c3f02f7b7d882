using System.Buffers;

namespace Relaybox.Messaging.Formats;

/// <summary>The attributes and the data of a CloudEvent, as its JSON has them.</summary>
internal sealed class CloudEventFields
{
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    internal Dictionary<string, string> Attributes { get; } = new(StringComparer.Ordinal);

    /// <summary>Where the JSON of <c>data</c> stands in the body.</summary>
    internal Range? Data { get; set; }

    internal string? DataBase64 { get; set; }

    /// <summary>Whether an attribute is of the specification, or Relaybox's own: such ones are strings.</summary>
    internal static bool IsText(string name) => name is "specversion" or "id" or "source" or "type" or "subject" or "time"
        or "datacontenttype" or "dataschema"
        or CloudEventsFormat.OrderingKey or CloudEventsFormat.Headers or CloudEventsFormat.Result;

    /// <summary>An attribute; an empty one counts as absent.</summary>
    internal string? Find(string name) => Attributes.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    internal string Required(string name) =>
        Find(name) ?? throw MessageFormatException.Unreadable($"The field '{name}' is missing.");

    /// <summary>What another's event says around its data, as headers for the handler.</summary>
    internal Dictionary<string, string> ToHeaders(bool isBinary)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Find("datacontenttype") is { } contentType)
        {
            headers["content-type"] = contentType;
        }
        else if (isBinary)
        {
            headers["content-type"] = MediaType.Binary;
        }

        foreach (var (name, value) in Attributes)
        {
            if (name is "specversion" or "id" or "type" or "time" or "datacontenttype"
                or CloudEventsFormat.OrderingKey or CloudEventsFormat.Result
                || name.AsSpan().ContainsAnyExcept(NameCharacters))
            {
                continue;
            }

            headers[CloudEventsFormat.TraceHeaders.Contains(name) ? name : $"ce-{name}"] = value;
        }

        return headers;
    }
}
