using System.Diagnostics;

namespace Relaybox.Testing;

/// <summary>Waits for a condition, never for a time.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Asks until the answer is true.</summary>
    /// <param name="what">What was waited for, as the failure says it.</param>
    /// <exception cref="TimeoutException">It did not become true in time (two minutes unless said otherwise).</exception>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? timeout = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, timeout);

    /// <inheritdoc cref="TrueAsync(Func{bool}, string, TimeSpan?)"/>
    public static Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? timeout = null) =>
        ValueAsync(condition, answer => answer, what, timeout);

    /// <summary>Reads until the value is as wanted, and returns it.</summary>
    /// <exception cref="TimeoutException">It did not in time; the message holds the last value.</exception>
    public static async Task<T> ValueAsync<T>(Func<Task<T>> read, Func<T, bool> wanted, string what, TimeSpan? timeout = null)
    {
        var limit = timeout ?? DefaultTimeout;
        var elapsed = Stopwatch.StartNew();
        while (true)
        {
            var value = await read();
            if (wanted(value))
            {
                return value;
            }

            if (elapsed.Elapsed > limit)
            {
                throw new TimeoutException($"Not within {limit.TotalSeconds} s: {what}{(value is bool ? "" : $". Last: {value}")}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
