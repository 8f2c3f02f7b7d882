using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

[JsonConverter(typeof(JsonStringEnumConverter<ConsumerConfigAckPolicy>))]
public enum ConsumerConfigAckPolicy
{
    [JsonStringEnumMemberName("explicit")]
    Explicit = 0,

    [JsonStringEnumMemberName("all")]
    All = 1,

    [JsonStringEnumMemberName("none")]
    None = 2,
}
