using System.Collections.Concurrent;

namespace Relaybox.Local.Demo;

/// <summary>Places orders at a steady rate, from several clients at once.</summary>
/// <param name="app">The app that places them.</param>
/// <param name="time">The clock.</param>
/// <param name="payloadBytes">How large an event's payload is at least.</param>
internal sealed class OrderWriter(IDemoApp app, TimeProvider time, int payloadBytes = 0)
{
    private readonly ConcurrentBag<Order> _written = [];
    private int _failed;

    /// <summary>Orders whose transaction was committed.</summary>
    public IReadOnlyCollection<Order> Written => _written;

    public int Failed => Volatile.Read(ref _failed);

    /// <summary>Places orders, as fast as it goes with a rate of 0.</summary>
    /// <param name="rate">Orders a second.</param>
    public Task WriteAsync(int count, double rate, int concurrency, CancellationToken cancellationToken)
    {
        var start = time.GetUtcNow();
        return Parallel.ForEachAsync(
            Enumerable.Range(1, count),
            new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken },
            async (number, token) =>
            {
                if (rate > 0 && start + TimeSpan.FromSeconds(number / rate) - time.GetUtcNow() is { Ticks: > 0 } early)
                {
                    await Task.Delay(early, time, token);
                }

                var order = Order.Create(number, time.GetUtcNow(), payloadBytes);
                if (await app.PlaceAsync(order, token))
                {
                    _written.Add(order);
                }
                else
                {
                    Interlocked.Increment(ref _failed);
                }
            });
    }
}
