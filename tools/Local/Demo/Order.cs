using System.Text.Json;

namespace Relaybox.Local.Demo;

/// <summary>An order as the demo's app knows it.</summary>
/// <param name="CommittedAt">When the app began to commit it.</param>
internal sealed record Order(string OrderId, string EventId, string Customer, int TotalCents, DateTimeOffset CommittedAt)
{
    /// <summary>The subject of orders.</summary>
    public const string Subject = "orders.placed";

    private static readonly string[] Customers = ["Ada", "Grace", "Edsger", "Barbara", "Tony", "Donald", "Frances", "Leslie"];

    /// <summary>The event's own subject. Default: <see cref="Subject"/>.</summary>
    public string EventSubject { get; init; } = Subject;

    /// <summary>The event's ordering key; null: none.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>The event's payload.</summary>
    public string Payload
    {
        get => field ?? JsonSerializer.Serialize(new { orderId = OrderId, customer = Customer, totalCents = TotalCents });
        init;
    }

    /// <summary>Makes an order.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="now">When it is committed.</param>
    /// <param name="payloadBytes">How large its payload is at least: a note fills it up.</param>
    public static Order Create(int number, DateTimeOffset now, int payloadBytes)
    {
        var order = Create(number, now);
        var empty = order.Payload[..^1] + ",\"note\":\"\"}";
        return empty.Length >= payloadBytes
            ? order
            : order with { Payload = $"{empty[..^2]}{new string('.', payloadBytes - empty.Length)}\"}}" };
    }

    /// <inheritdoc cref="Create(int, DateTimeOffset, int)" />
    public static Order Create(int number, DateTimeOffset now) => new(
        $"order-{number}", Guid.CreateVersion7(now).ToString(), Customers[number % Customers.Length], 100 + (number * 37 % 10_000), now);
}
