using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

public record StreamInfo
{
    [JsonPropertyName("config")]
    public StreamConfig Config { get; set; } = new();

    [JsonPropertyName("state")]
    public StreamState State { get; set; } = new();

    [JsonPropertyName("created")]
    public DateTimeOffset Created { get; set; }
}
