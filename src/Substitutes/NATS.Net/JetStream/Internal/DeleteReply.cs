using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Internal;

internal sealed record DeleteReply([property: JsonPropertyName("success")] bool Success);
