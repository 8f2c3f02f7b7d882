namespace NATS.Client.Core.Internal;

/// <summary>
/// How long to wait before a lost connection is tried again: not at all the first time, then longer and longer up to a limit,
/// and not all clients of a server in the same moment.
/// </summary>
internal static class ReconnectBackoff
{
    /// <param name="opts">The shortest and the longest wait, and the most that is added to each.</param>
    /// <param name="attempt">Which attempt it is, from 1.</param>
    /// <param name="chance">From 0 to 1: how much is added.</param>
    internal static TimeSpan Before(NatsOpts opts, int attempt, double chance)
    {
        var wait = attempt == 1 ? TimeSpan.Zero : opts.ReconnectWaitMin * Math.Pow(2, Math.Min(attempt - 2, 16));
        return (wait < opts.ReconnectWaitMax ? wait : opts.ReconnectWaitMax) + (opts.ReconnectJitter * chance);
    }
}
