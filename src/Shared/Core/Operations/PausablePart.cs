using System.Text.Json.Serialization;

namespace Relaybox.Operations;

/// <summary>What operators can pause.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PausablePart>))]
internal enum PausablePart
{
    /// <summary>Sending: rows stay in the outbox.</summary>
    [JsonStringEnumMemberName("relay")]
    Relay,

    /// <summary>Handling: messages stay in the queue or the stream.</summary>
    [JsonStringEnumMemberName("consumer")]
    Consumer,
}
