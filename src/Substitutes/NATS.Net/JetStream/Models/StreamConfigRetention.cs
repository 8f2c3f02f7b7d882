using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

[JsonConverter(typeof(JsonStringEnumConverter<StreamConfigRetention>))]
public enum StreamConfigRetention
{
    [JsonStringEnumMemberName("limits")]
    Limits = 0,

    [JsonStringEnumMemberName("interest")]
    Interest = 1,

    [JsonStringEnumMemberName("workqueue")]
    Workqueue = 2,
}
