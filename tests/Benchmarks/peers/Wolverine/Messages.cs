using System.Text.Json;

namespace Relaybox.Benchmarks.Peers;

/// <summary>The event that writers publish. Its order is JSON of 1 KiB.</summary>
public sealed record OrderPlaced(JsonElement Order);

/// <summary>The same for a consumer that inserts its effect without a transaction.</summary>
public sealed record OrderReceived(JsonElement Order);

/// <summary>The same for a consumer that opens a transaction of its own.</summary>
public sealed record OrderReceivedInTransaction(JsonElement Order);
