namespace Relaybox.Timing;

/// <summary>Exponential backoff with jitter: half of the delay is fixed, half is random.</summary>
/// <param name="first">The delay after the first attempt.</param>
/// <param name="longest">The longest delay.</param>
/// <param name="entropy">The source of the jitter.</param>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, IEntropy entropy)
{
    /// <summary>The delay before the attempt that follows.</summary>
    /// <param name="attempts">How many attempts were made; at least 1.</param>
    public TimeSpan After(int attempts)
    {
        var doublings = Math.Clamp(attempts - 1, 0, 30);
        var ceiling = Math.Min(first.TotalMilliseconds * Math.Pow(2, doublings), longest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds((ceiling / 2) + (entropy.NextDouble() * ceiling / 2));
    }
}
