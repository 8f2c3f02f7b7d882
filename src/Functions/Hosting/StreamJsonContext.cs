using System.Text.Json;
using System.Text.Json.Serialization;
using Amazon.Lambda.DynamoDBEvents;
using Relaybox.Functions.Relay;

namespace Relaybox.Functions.Hosting;

// One context per event source: the responses of both nest a type of the same name, which one context cannot hold.

/// <summary>How stream events are read and their responses written.</summary>
[JsonSerializable(typeof(DynamoDBEvent))]
[JsonSerializable(typeof(StreamsEventResponse))]
internal sealed partial class StreamJsonContext : JsonSerializerContext
{
    /// <summary>Lets a serializer read no more of an event than the relay needs.</summary>
    internal static void Customize(JsonSerializerOptions options) => options.Converters.Add(new StreamEventConverter());
}
