using System.Text.Json;

namespace Relaybox.Local.Demo;

/// <summary>An order as the demo's app knows it.</summary>
/// <param name="CommittedAt">When the app began to commit it.</param>
internal sealed record Order(string OrderId, string EventId, string Customer, int TotalCents, DateTimeOffset CommittedAt)
{
    /// <summary>The event's subject.</summary>
    public const string Subject = "orders.placed";

    private static readonly string[] Customers = ["Ada", "Grace", "Edsger", "Barbara", "Tony", "Donald", "Frances", "Leslie"];

    /// <summary>The event's ordering key; null: none.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>The event's payload.</summary>
    public string Payload
    {
        get => field ?? JsonSerializer.Serialize(new { orderId = OrderId, customer = Customer, totalCents = TotalCents });
        init;
    }

    public static Order Create(int number, DateTimeOffset now) => new(
        $"order-{number}", Guid.CreateVersion7(now).ToString(), Customers[number % Customers.Length], 100 + (number * 37 % 10_000), now);
}
