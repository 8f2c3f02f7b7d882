using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

public record SequenceInfo
{
    [JsonPropertyName("consumer_seq")]
    public ulong ConsumerSeq { get; set; }

    [JsonPropertyName("stream_seq")]
    public ulong StreamSeq { get; set; }
}
