using System.Text.Json.Serialization;

namespace Relaybox.Operations;

/// <summary>How operations are written, and what goes between operators and the desk.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Operation))]
[JsonSerializable(typeof(Pause))]
[JsonSerializable(typeof(OperateRequest))]
[JsonSerializable(typeof(OperateAnswer))]
internal sealed partial class OperationsJsonContext : JsonSerializerContext;
