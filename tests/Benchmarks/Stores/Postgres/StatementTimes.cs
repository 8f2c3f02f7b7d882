using System.Diagnostics;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>Takes the time of every statement of this process, as its client sees it, while it lives.</summary>
internal sealed class StatementTimes : IDisposable
{
    private readonly ActivityListener _listener;
    private long _longest;

    public StatementTimes()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => _longest = Math.Max(_longest, activity.Duration.Ticks),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public TimeSpan Longest => new(Interlocked.Read(ref _longest));

    public void Dispose() => _listener.Dispose();
}
