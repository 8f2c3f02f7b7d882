using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Internal;

/// <summary>Asks a consumer for messages.</summary>
internal sealed record PullRequest
{
    [JsonPropertyName("batch")]
    public long Batch { get; init; }

    [JsonPropertyName("max_bytes")]
    public long MaxBytes { get; init; }

    [JsonPropertyName("expires")]
    [JsonConverter(typeof(NanosecondsConverter))]
    public TimeSpan Expires { get; init; }

    [JsonPropertyName("idle_heartbeat")]
    [JsonConverter(typeof(NanosecondsConverter))]
    public TimeSpan IdleHeartbeat { get; init; }

    [JsonPropertyName("no_wait")]
    public bool NoWait { get; init; }
}
