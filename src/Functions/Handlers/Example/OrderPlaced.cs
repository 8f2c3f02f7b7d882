namespace Relaybox.Functions.Handlers.Example;

/// <summary>The payload of <c>orders.placed</c>, as the app writes it.</summary>
internal sealed record OrderPlaced
{
    /// <summary>The order.</summary>
    public required string OrderId { get; init; }

    /// <summary>Who ordered.</summary>
    public string? Customer { get; init; }

    /// <summary>What it costs, in cents.</summary>
    public long? TotalCents { get; init; }
}
