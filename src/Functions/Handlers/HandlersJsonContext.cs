using System.Text.Json;
using System.Text.Json.Serialization;
using Relaybox.Functions.Handlers.Example;

namespace Relaybox.Functions.Handlers;

/// <summary>How payloads are read. Add your own types here.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OrderPlaced))]
internal sealed partial class HandlersJsonContext : JsonSerializerContext;
