using System.Collections.Concurrent;
using Relaybox.Local.Demo;

namespace Relaybox.Local.Chaos;

/// <summary>
/// Writes orders without a pause, and keeps a ledger of those that the database said to have committed. Some of them have an event that no
/// broker takes: its row is parked.
/// </summary>
/// <param name="app">The app.</param>
/// <param name="rate">Orders a second.</param>
/// <param name="keys">How many ordering keys the orders share.</param>
internal sealed class ChaosWriter(IDemoApp app, double rate, int keys)
{
    private const int Writers = 2;
    private const int OneUnsendableOf = 15;
    private const string Unsendable = "unsendable-";

    private readonly ConcurrentDictionary<string, byte> _committed = new();
    private int _orders;

    /// <summary>The event ids of the ledger.</summary>
    public ICollection<string> Committed => _committed.Keys;

    public int Count => _committed.Count;

    /// <summary>Whether an event is one that no broker takes.</summary>
    public static bool IsUnsendable(string eventId) => eventId.StartsWith(Unsendable, StringComparison.Ordinal);

    /// <summary>Writes until cancelled.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAsync(stop)));

    private async Task WriteAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _orders);
            var order = Order.Create(number, DateTimeOffset.UtcNow);
            order = number % OneUnsendableOf == 0

                // Without a key: nobody waits for it.
                ? order with { EventId = Unsendable + order.EventId, EventSubject = "orders placed" }
                : order with { OrderingKey = $"key-{number % keys}" };
            try
            {
                if (await app.PlaceAsync(order, CancellationToken.None))
                {
                    _committed.TryAdd(order.EventId, 0);
                }
            }
            catch (Exception e) when (e is HttpRequestException
                or IOException
                or OperationCanceledException
                or InvalidOperationException
                or TimeoutException)
            {
                // The database is away. Whether the order was committed, its table knows.
            }

            await Task.Delay(TimeSpan.FromSeconds(Writers / rate), TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
