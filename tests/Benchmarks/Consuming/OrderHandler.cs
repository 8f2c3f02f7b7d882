using System.Text.Json.Serialization;
using Relaybox.Inbox;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>A handler that reads its payload as an object, of which it wants little.</summary>
internal sealed partial class OrderHandler : IMessageHandler<OrderHandler.Order>
{
    public static HandlerRegistry Registry =>
        new HandlerRegistry("bench").Add("orders.>", new OrderHandler(), OrderJsonContext.Default.Order);

    public Task HandleAsync(Order message, MessageContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    internal sealed record Order(string OrderId);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Order))]
    private sealed partial class OrderJsonContext : JsonSerializerContext;
}
