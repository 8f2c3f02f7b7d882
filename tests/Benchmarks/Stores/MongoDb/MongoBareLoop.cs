namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>Claims and marks by the driver alone, with nothing around it: what a relay on this collection could reach at best.</summary>
internal sealed class MongoBareLoop(MongoBenchOutbox outbox, int batchSize) : IDrainLoop
{
    public Task FillAsync(long rows, CancellationToken cancellationToken) => outbox.FillAsync(rows, cancellationToken);

    public async Task DrainAsync(long rows, CancellationToken cancellationToken)
    {
        long sent = 0;
        while (true)
        {
            var token = Guid.NewGuid().ToString("N");
            var claimed = await MongoBareCommands.ClaimAsync(outbox.Collection, batchSize, token, cancellationToken);
            if (claimed.Count == 0)
            {
                break;
            }

            foreach (var row in claimed)
            {
                _ = (row["_id"].AsString, row["subject"].AsString, row["payload"].AsString);
            }

            sent += await MongoBareCommands.MarkAsync(outbox.Collection, claimed, token, cancellationToken);
        }

        if (sent != rows)
        {
            throw new InvalidOperationException($"bare loop: {sent} of {rows} rows were marked.");
        }
    }
}
