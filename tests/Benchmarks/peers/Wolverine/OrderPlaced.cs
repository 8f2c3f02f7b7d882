using System.Text.Json;

namespace Relaybox.Benchmarks.Peers;

/// <summary>The event. Its order is JSON of 1 KiB.</summary>
public sealed record OrderPlaced(JsonElement Order);
