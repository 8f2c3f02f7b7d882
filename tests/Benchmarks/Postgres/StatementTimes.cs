using System.Diagnostics;

namespace Relaybox.Benchmarks.Postgres;

/// <summary>Takes the time of every statement of this process, as its client sees it, while it lives.</summary>
internal sealed class StatementTimes : IDisposable
{
    private readonly ActivityListener listener;
    private long longest;

    public StatementTimes()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => longest = Math.Max(longest, activity.Duration.Ticks),
        };
        ActivitySource.AddActivityListener(listener);
    }

    public TimeSpan Longest => new(Interlocked.Read(ref longest));

    public void Dispose() => listener.Dispose();
}
