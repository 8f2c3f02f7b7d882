namespace Relaybox.Local.Demo;

/// <summary>An order as the demo's app knows it.</summary>
/// <param name="CommittedAt">When the app began to commit it.</param>
internal sealed record Order(string OrderId, string EventId, string Customer, int TotalCents, DateTimeOffset CommittedAt);
