using System.Text.Json;
using System.Text.Json.Serialization;
using NATS.Client.JetStream.Internal;

namespace NATS.Client.JetStream.Models;

public record StreamConfig
{
    public StreamConfig(string name, ICollection<string> subjects)
    {
        Name = name;
        Subjects = subjects;
    }

    public StreamConfig()
    {
    }

    [JsonPropertyName("name")]
    public string? Name { get; set; }

    [JsonPropertyName("description")]
    public string? Description { get; set; }

    [JsonPropertyName("subjects")]
    public ICollection<string>? Subjects { get; set; }

    [JsonPropertyName("retention")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public StreamConfigRetention Retention { get; set; }

    [JsonPropertyName("max_msgs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long MaxMsgs { get; set; }

    [JsonPropertyName("max_bytes")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long MaxBytes { get; set; }

    [JsonPropertyName("max_msgs_per_subject")]
    public long MaxMsgsPerSubject { get; set; }

    [JsonPropertyName("max_age")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [JsonConverter(typeof(NanosecondsConverter))]
    public TimeSpan MaxAge { get; set; }

    [JsonPropertyName("max_msg_size")]
    public int MaxMsgSize { get; set; }

    [JsonPropertyName("storage")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public StreamConfigStorage Storage { get; set; }

    [JsonPropertyName("num_replicas")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int NumReplicas { get; set; }

    [JsonPropertyName("no_ack")]
    public bool NoAck { get; set; }

    [JsonPropertyName("discard")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public StreamConfigDiscard Discard { get; set; }

    [JsonPropertyName("duplicate_window")]
    [JsonConverter(typeof(NanosecondsConverter))]
    public TimeSpan DuplicateWindow { get; set; }

    [JsonPropertyName("sealed")]
    public bool Sealed { get; set; }

    [JsonPropertyName("metadata")]
    public IDictionary<string, string>? Metadata { get; set; }

    /// <summary>What this client does not know: an update that was read, changed and sent back leaves it as it is.</summary>
    [JsonInclude]
    [JsonExtensionData]
    internal Dictionary<string, JsonElement>? Others { get; set; }
}
