using Relaybox.Timing;

namespace Relaybox.Outbox.Relay;

/// <summary>
/// How many rows to claim next: no more than can be published in the time that is left, going by how long the last batch took. A
/// row that is claimed in vain has to be put back, which costs the store as much as sending it.
/// </summary>
internal sealed class BatchSizer(RelayOptions options)
{
    private double? _rowsPerSecond;

    /// <param name="deadline">When to be done.</param>
    /// <param name="underWay">How many rows are published before those.</param>
    internal int Next(WorkDeadline deadline, int underWay)
    {
        if (_rowsPerSecond is not { } rate)
        {
            return options.BatchSize;
        }

        var left = ClaimedBatch.TimeToPublish(deadline, options, sinceClaim: TimeSpan.Zero);
        return (int)Math.Clamp((rate * left.TotalSeconds) - underWay, 1, options.BatchSize);
    }

    /// <summary>Notes how long a batch took.</summary>
    internal void Published(BatchOutcomes batch)
    {
        if (batch.Sent.Count > 0 && batch.Took > TimeSpan.Zero)
        {
            _rowsPerSecond = batch.Sent.Count / batch.Took.TotalSeconds;
        }
    }
}
