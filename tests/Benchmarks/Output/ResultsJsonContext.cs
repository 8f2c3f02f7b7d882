using System.Text.Json.Serialization;
using Relaybox.Benchmarks.Harness;

namespace Relaybox.Benchmarks.Output;

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(List<GroupResult>))]
internal sealed partial class ResultsJsonContext : JsonSerializerContext;
