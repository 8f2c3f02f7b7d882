using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

[JsonConverter(typeof(JsonStringEnumConverter<StreamConfigDiscard>))]
public enum StreamConfigDiscard
{
    [JsonStringEnumMemberName("old")]
    Old = 0,

    [JsonStringEnumMemberName("new")]
    New = 1,
}
