using Relaybox.Functions.Hosting;
using Relaybox.Outbox.Relay;

namespace Relaybox.Functions.Relay;

/// <summary>
/// Gathers what a relay did, and writes it as metrics. A relay that is woken by every row would write a line for each, which costs
/// more than it tells: what is gathered here is written together, after a second at most.
/// </summary>
/// <param name="metrics">Where the lines go.</param>
/// <param name="time">The clock of that second.</param>
internal sealed class RelayCounts(MetricsWriter metrics, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private RelayResult? _gathered;
    private long _since;

    /// <summary>How long what is gathered may wait until it is written: 0 where it is time; as long as you like where nothing is.</summary>
    internal TimeSpan Left
    {
        get
        {
            if (_gathered is null)
            {
                return TimeSpan.MaxValue;
            }

            var left = Interval - time.GetElapsedTime(_since);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Counts what a drain did, and writes all that is gathered when it is time.</summary>
    /// <param name="result">What it did. Nothing is a result, too: it lets the time be noticed.</param>
    internal void Gather(RelayResult result)
    {
        if (result.Sent + result.Retried + result.Parked + result.Late > 0)
        {
            if (_gathered is null)
            {
                _since = time.GetTimestamp();
            }

            _gathered = _gathered?.Add(result) ?? result;
        }

        if (Left == TimeSpan.Zero)
        {
            WriteGathered();
        }
    }

    /// <summary>Writes what is gathered now. A run calls this at its end, because a frozen process writes nothing.</summary>
    internal void WriteGathered()
    {
        if (_gathered is { } gathered)
        {
            _gathered = null;
            metrics.Write(ToMetrics(gathered));
        }
    }

    /// <summary>What a relay did, as metrics.</summary>
    /// <param name="result">What it did.</param>
    internal static (string Name, double Value, string Unit)[] ToMetrics(RelayResult result) =>
    [
        ("RowsSent", result.Sent, MetricsWriter.Count),
        ("RowsRetried", result.Retried, MetricsWriter.Count),
        ("RowsParked", result.Parked, MetricsWriter.Count),
        ("RowsLate", result.Late, MetricsWriter.Count),
        ("SuspectedIdClashes", result.SuspectedIdClashes, MetricsWriter.Count),
    ];
}
