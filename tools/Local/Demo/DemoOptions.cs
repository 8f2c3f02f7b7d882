namespace Relaybox.Local.Demo;

/// <summary>How the demo is run.</summary>
/// <param name="Count">Orders to write.</param>
/// <param name="Rate">Orders a second; 0 writes as fast as the emulator takes them.</param>
/// <param name="DuplicatePercent">Share of the deliveries that come twice, in the stream and again in the queue.</param>
internal sealed record DemoOptions(int Count, double Rate, double DuplicatePercent, bool Json)
{
    /// <summary>Orders a second that the emulator keeps up with on a small machine, so that the latencies are not its backlog's.</summary>
    public const double EasyRate = 25;

    /// <summary>How large an event's payload is at least.</summary>
    public int PayloadBytes { get; init; }

    /// <summary>Transactions in flight.</summary>
    public int Writers { get; init; } = 4;

    /// <summary>
    /// How long nothing may change before the demo gives up. Longer than what a killed process can cost: its leases
    /// and the next sweep.
    /// </summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>The rate at which so many orders are written where nobody asks for another.</summary>
    public static double RateFor(int count) => Math.Max(EasyRate, count / 60.0);
}
