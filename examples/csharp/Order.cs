using System.Text.Json;
using System.Text.Json.Serialization;

namespace PlaceOrder;

/// <summary>An order, which is also the payload of its event.</summary>
internal sealed record Order(string OrderId, string Customer, int TotalCents)
{
    /// <summary>What the event says.</summary>
    public const string Placed = "orders.placed";

    /// <summary>The event's payload.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, OrderJsonContext.Default.Order);
}

/// <summary>How orders look as JSON.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Order))]
internal sealed partial class OrderJsonContext : JsonSerializerContext;
