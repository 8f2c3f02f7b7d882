using System.Text.Json;
using System.Text.Json.Serialization;
using NATS.Client.JetStream.Internal;

namespace NATS.Client.JetStream.Models;

public record ConsumerConfig
{
    public ConsumerConfig()
    {
    }

    public ConsumerConfig(string name)
    {
        Name = name;
        DurableName = name;
    }

    [JsonPropertyName("deliver_policy")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ConsumerConfigDeliverPolicy DeliverPolicy { get; set; }

    [JsonPropertyName("durable_name")]
    public string? DurableName { get; set; }

    [JsonPropertyName("name")]
    public string? Name { get; set; }

    [JsonPropertyName("description")]
    public string? Description { get; set; }

    [JsonPropertyName("deliver_subject")]
    public string? DeliverSubject { get; set; }

    [JsonPropertyName("ack_policy")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ConsumerConfigAckPolicy AckPolicy { get; set; }

    [JsonPropertyName("ack_wait")]
    [JsonConverter(typeof(NanosecondsConverter))]
    public TimeSpan AckWait { get; set; }

    [JsonPropertyName("max_deliver")]
    public long MaxDeliver { get; set; }

    [JsonPropertyName("filter_subject")]
    public string? FilterSubject { get; set; }

    [JsonPropertyName("filter_subjects")]
    public ICollection<string>? FilterSubjects { get; set; }

    [JsonPropertyName("max_ack_pending")]
    public long MaxAckPending { get; set; }

    [JsonPropertyName("max_waiting")]
    public long MaxWaiting { get; set; }

    [JsonPropertyName("metadata")]
    public IDictionary<string, string>? Metadata { get; set; }

    /// <summary>What this client does not know: an update that was read, changed and sent back leaves it as it is.</summary>
    [JsonInclude]
    [JsonExtensionData]
    internal Dictionary<string, JsonElement>? Others { get; set; }
}
