namespace Relaybox.Planner.Flow;

/// <summary>One second of a flow; what is counted, is at its end.</summary>
/// <param name="Second">Which.</param>
/// <param name="Offered">Events that the apps had.</param>
/// <param name="AtApps">Events that the store has throttled and that wait at the apps.</param>
/// <param name="Published">Rows that reached the broker.</param>
/// <param name="Deferred">Attempts to publish that found no broker.</param>
/// <param name="Consumed">Messages whose handlers are done.</param>
/// <param name="Outbox">Rows that are not published.</param>
/// <param name="Queue">Messages that are not handled.</param>
/// <param name="OldestSeconds">For how long the oldest row has not been published.</param>
/// <param name="MedianSeconds">From the app to the end of the handler, of what was handled in this second; NaN where nothing was.</param>
/// <param name="P99Seconds">The same, of all but the slowest hundredth.</param>
internal readonly record struct FlowStep(
    int Second,
    double Offered,
    double AtApps,
    double Published,
    double Deferred,
    double Consumed,
    double Outbox,
    double Queue,
    double OldestSeconds,
    double MedianSeconds,
    double P99Seconds);
