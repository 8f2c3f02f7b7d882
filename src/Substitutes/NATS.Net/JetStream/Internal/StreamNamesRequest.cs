using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Internal;

/// <summary>Asks for the names of the streams that take something of a subject, which may have wildcards.</summary>
internal sealed record StreamNamesRequest([property: JsonPropertyName("subject")] string? Subject, [property: JsonPropertyName("offset")] int Offset);
