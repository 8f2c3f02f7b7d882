namespace PlaceOrder;

/// <summary>The app's orders, in one of the stores.</summary>
internal interface IOrders : IAsyncDisposable
{
    /// <summary>Writes an order and its event in one transaction: both are there, or neither.</summary>
    Task PlaceAsync(Order order, string eventId, CancellationToken cancellationToken = default);
}
