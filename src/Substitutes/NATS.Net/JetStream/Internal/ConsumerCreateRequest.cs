using System.Text.Json.Serialization;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream.Internal;

internal sealed record ConsumerCreateRequest(
    [property: JsonPropertyName("stream_name")] string Stream,
    [property: JsonPropertyName("config")] ConsumerConfig Config);
