using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Internal;

/// <summary>One page of names; null: none.</summary>
internal sealed record StreamNamesReply([property: JsonPropertyName("total")] int Total, [property: JsonPropertyName("streams")] string[]? Streams);
