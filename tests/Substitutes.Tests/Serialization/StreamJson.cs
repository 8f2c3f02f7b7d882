using System.Text.Json.Serialization;
using Amazon.Lambda.DynamoDBEvents;

namespace Relaybox.Substitutes.Tests.Serialization;

[JsonSerializable(typeof(DynamoDBEvent))]
[JsonSerializable(typeof(StreamsEventResponse))]
internal sealed partial class StreamJson : JsonSerializerContext;
