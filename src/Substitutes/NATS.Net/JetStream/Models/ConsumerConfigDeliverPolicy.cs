using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

[JsonConverter(typeof(JsonStringEnumConverter<ConsumerConfigDeliverPolicy>))]
public enum ConsumerConfigDeliverPolicy
{
    [JsonStringEnumMemberName("all")]
    All = 0,

    [JsonStringEnumMemberName("last")]
    Last = 1,

    [JsonStringEnumMemberName("new")]
    New = 2,

    [JsonStringEnumMemberName("by_start_sequence")]
    ByStartSequence = 3,

    [JsonStringEnumMemberName("by_start_time")]
    ByStartTime = 4,

    [JsonStringEnumMemberName("last_per_subject")]
    LastPerSubject = 5,
}
