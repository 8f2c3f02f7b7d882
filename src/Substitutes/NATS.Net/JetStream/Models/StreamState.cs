using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

public record StreamState
{
    [JsonPropertyName("messages")]
    public long Messages { get; set; }

    [JsonPropertyName("bytes")]
    public long Bytes { get; set; }

    [JsonPropertyName("first_seq")]
    public ulong FirstSeq { get; set; }

    [JsonPropertyName("last_seq")]
    public ulong LastSeq { get; set; }

    [JsonPropertyName("consumer_count")]
    public long ConsumerCount { get; set; }
}
