using System.Text.Json.Serialization;

namespace Relaybox.Benchmarks.Streams;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(PlainStreamEvent))]
internal sealed partial class PlainStreamJson : JsonSerializerContext;
