using Relaybox.Timing;

namespace Relaybox.Outbox.Relay;

/// <summary>
/// How many rows to claim next: no more than can be published in the time that is left, going by how long the last batch took, nor
/// many more than fit into the bytes of a claim, going by how large its rows were. A claimed row that is not
/// published has to be put back, which costs the store as much as sending it; each row that is looked at is locked.
/// </summary>
internal sealed class BatchSizer(RelayOptions options)
{
    private double? _rowsPerSecond;
    private double _bytesPerRow;

    /// <param name="deadline">When to be done.</param>
    /// <param name="underWay">How many rows are published before those.</param>
    internal ClaimLimit Next(WorkDeadline deadline, int underWay)
    {
        var rows = (double)options.BatchSize;
        if (_rowsPerSecond is { } rate)
        {
            var left = ClaimedBatch.TimeToPublish(deadline, options, sinceClaim: TimeSpan.Zero);
            rows = Math.Min(rows, (rate * left.TotalSeconds) - underWay);
        }

        if (_bytesPerRow > 0)
        {
            rows = Math.Min(rows, 2 * options.BatchBytes / _bytesPerRow);
        }

        return new ClaimLimit((int)Math.Max(1, rows), options.BatchBytes);
    }

    /// <summary>Notes how large the rows of a batch were.</summary>
    internal void Claimed(IReadOnlyCollection<OutboxClaim> claims) => _bytesPerRow = claims.Average(claim => claim.Bytes);

    /// <summary>Notes how long a batch took.</summary>
    internal void Published(BatchOutcomes batch)
    {
        if (batch.Sent.Count > 0 && batch.Took > TimeSpan.Zero)
        {
            _rowsPerSecond = batch.Sent.Count / batch.Took.TotalSeconds;
        }
    }
}
