using System.Text.Json.Serialization;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream.Internal;

/// <summary>The part that any answer of the API may have.</summary>
internal sealed record ErrorReply([property: JsonPropertyName("error")] ApiError? Error);
